"""A helpful model made harmless by feedback from a model under a constitution.

    helpful model -> red-team prompts -> critique and revision, n rounds, a principle drawn for each
        -> SFT on the revisions and on the helpful model's own answers to harmless prompts
        -> two answers a prompt -> labels under a constitution -> preference model -> PPO, and DPO
           as the short way
        -> harm on held-out categories and disguises, help on harmless prompts and look-alikes

Beside these PPO on the judge's own grades, without labels or a preference model (direct RLAIF).
Controls: SFT on 100 refusals, and the same pipeline on labels without information. Beside it people
compare the same answers. The base model's descendants are response model, critic and judge.
(Bai et al. 2022, arXiv:2212.08073; Lee et al. 2023, arXiv:2309.00267.)
"""

from plumbline.recipe.constitutional.graph import Settings, everything

__all__ = ["Settings", "everything"]
