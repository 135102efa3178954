"""What a form is worth: the same minutes of the same people, spent on each way of asking.

    demonstrations -> SFT -> sampled answers
        -> for each form: simulated people judge in a real studio until their minutes are spent
           -> (critiques: the answer without what they point at) -> training on what was said
        -> gold value of every model on held-out prompts -> gold gained by form and by minute

What is trained on is derived from the judgements as always: pairs from pairs, rankings, ratings and
corrections (DPO), labels from thumbs (KTO), demonstrations as they are (SFT).
"""

from plumbline.recipe.forms.graph import Settings, everything

__all__ = ["Settings", "everything"]
