"""Rounds: iterated RLHF, each round judging what the newest policy says.

    SFT -> round 1 -> round 2 -> ... ,  a round being
    fresh prompts -> answers of the newest policy -> comparisons -> all comparisons so far
        -> a new reward model -> the next policy -> gold value

(Christiano et al. 2017, arXiv:1706.03741; Bai et al. 2022, arXiv:2204.05862, section 4.5; Touvron
et al. 2023, arXiv:2307.09288.) A method says how the next policy comes about:

    ppo, grpo, rloo, reinforce   the newest policy goes on online, against the new reward model
    dpo                          SFT is trained on all comparisons so far; no reward model
    best_of_n                    SFT's draws, the new reward model picks; nothing is trained

The KL is to SFT in every round, never to the round before: rounds do not loosen the leash. DPO
begins at SFT for that reason (its reference is the model it begins with), as in Xiong et al. 2024
(arXiv:2312.11456) and Dong et al. 2024 (arXiv:2405.07863), who keep SFT as reference and train on
all comparisons. Xu et al. 2023 (arXiv:2312.16682) iterate DPO too. To begin at the newest policy
would also show it the comparisons of early rounds once more in each later one.

The control "once" is one round with the totals of all: the same prompts, all answered by SFT, as
many comparisons, and as many updates. What rounds gain over it is owed to newer answers, not to
more of them.

Comparisons come from people, from files, or from a judge whom people audit in every round
(`judged`).
"""

from __future__ import annotations

from plumbline.recipe.rounds.graph import everything
from plumbline.recipe.rounds.settings import Settings

__all__ = ["Settings", "everything"]
