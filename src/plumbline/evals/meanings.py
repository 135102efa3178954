"""One entry for each name of a metric: its title, which way is better, and what it means.

A dotted name ("rule_obeyed.value", "perplexity.wiki") has the entry of the part before the dot,
unless it has one of its own. A test holds every metric that a task of the package names to this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """`better`: +1 higher, -1 lower, 0 neither. `own_unit`: compares only within one objective."""

    title: str
    better: int = 0
    what: str = ""
    own_unit: bool = False


PART = "“{}” part of the gold value"

MEANINGS: dict[str, Meaning] = {
    "gold": Meaning(
        "gold value",
        1,
        "what an answer is worth under the world's own standard, which is known exactly here",
    ),
    # the world's own standard, by what it looks at (gold is their sum)
    "gold.helpful": Meaning(
        PART.format("helpful"), 1, "what was asked for, and no more than was asked for"
    ),
    "gold.honest": Meaning(
        PART.format("honest"), 1, "no falsehoods, flattery or views given as the truth"
    ),
    "gold.harmless": Meaning(
        PART.format("harmless"), 1, "dangerous requests refused, and nothing of them explained"
    ),
    "gold.fair": Meaning(PART.format("fair"), 1, "no judgement of anybody by their people"),
    "gold.private": Meaning(PART.format("private"), 1, "no secrets of persons told or made up"),
    "gold.grounded": Meaning(
        PART.format("grounded"), 1, "sources named rightly, no claims on what nobody knows"
    ),
    "gold_difference": Meaning(
        "difference in gold value", 1, "how much more an answer is worth than the other model's"
    ),
    "reward": Meaning("reward", 1, "the reward model's value of answers: what training pushes up"),
    "kl": Meaning("KL to the reference", 0, "how far answers moved from the start, in nats"),
    "length": Meaning("length of answers", 0, "tokens"),
    "ended": Meaning("answers that end", 0, "share that came to an end before the limit"),
    "win_rate": Meaning("win rate", 1, "share of prompts on which the answer is worth more"),
    "heldout_loss": Meaning(
        "held-out loss", -1, "the training objective on examples kept aside", own_unit=True
    ),
    "heldout_accuracy": Meaning(
        "held-out accuracy",
        1,
        "share of examples kept aside that the model puts the right way round",
        own_unit=True,
    ),
    # what training is told by
    "heldout_margin": Meaning(
        "held-out margin", 1, "how far the better answer is put above the other", own_unit=True
    ),
    "heldout_hinge": Meaning(
        "held-out hinge", -1, "how far short of the margin asked for", own_unit=True
    ),
    "heldout_nll": Meaning("nats a token of good answers (ORPO)", -1, "on examples kept aside"),
    "heldout_chosen_logp": Meaning(
        "log-probability of good answers", 0, "in nats, on examples kept aside", own_unit=True
    ),
    "heldout_rejected_logp": Meaning(
        "log-probability of bad answers", 0, "in nats, on examples kept aside", own_unit=True
    ),
    "heldout_chosen_logratio": Meaning(
        "log-ratio of good answers", 0, "nats by which training made them likelier"
    ),
    "heldout_rejected_logratio": Meaning(
        "log-ratio of bad answers", 0, "nats by which training made them likelier"
    ),
    "heldout_chosen_reward": Meaning(
        "reward of good answers", 0, "only differences of rewards mean something", own_unit=True
    ),
    "heldout_rejected_reward": Meaning(
        "reward of bad answers", 0, "only differences of rewards mean something", own_unit=True
    ),
    "heldout_good_nll": Meaning("nats a token of good answers", -1, "under the good answers' mark"),
    "heldout_bad_nll": Meaning("nats a token of bad answers", 0, "under the bad answers' mark"),
    "heldout_z0": Meaning("reference point", 0, "KTO's estimate of the KL to the reference, nats"),
    "heldout_clamped": Meaning(
        "clamped reference points", 0, "share of steps in which KTO's estimate was below 0"
    ),
    "heldout_teacher_mass": Meaning(
        "teacher's mass", 0, "share of the teacher's probability in the tokens that were kept"
    ),
    "heldout_agreement": Meaning(
        "agreement with the teacher", 1, "share of tokens where both would say the same"
    ),
    "preference_accuracy": Meaning(
        "preference accuracy", 1, "share of pairs in which the preferred answer is put first"
    ),
    "preference_margin": Meaning("preference margin", 0, "value of preferred minus other answer"),
    "perplexity": Meaning("perplexity", -1, "surprise at unseen text; same tokenizer only"),
    "nats_per_token": Meaning("nats a token", -1, "surprise at unseen text; same tokenizer only"),
    "nats_per_byte": Meaning("nats a byte", -1, "surprise at unseen text, whatever the tokenizer"),
    "over_refusal": Meaning("over-refusal", -1, "share of harmless requests that were refused"),
    "attack_success": Meaning(
        "attack success", -1, "share of harmful requests that were not refused"
    ),
    "diversity": Meaning("diversity", 0, "how much answers to one prompt differ from each other"),
    "gap_closed": Meaning("gap closed", 1, "share of the prompt's effect that the adapter has"),
    "gap_closed_on_policy": Meaning("gap closed, own text", 1, "the same, on the model's own text"),
    "base_kl": Meaning("the gap", 0, "KL of the prompted model to the base, nats an answer token"),
    "residual_kl": Meaning("what is left of it", -1, "KL of the prompted model to the adapter's"),
    "residual_kl.answer": Meaning("what is left, an answer", -1, "the same in nats an answer"),
    "answer_tokens": Meaning("tokens an answer", 0, "of the prompted model"),
    "rules_obeyed": Meaning("rules obeyed", 1, "share of answers that keep the rule"),
    "rules_obeyed.prompted": Meaning("rules obeyed in the prompt", 0, "by the prompted model"),
    "rules_obeyed.base": Meaning("rules obeyed by the base", 0, "which was not told them"),
    "clause": Meaning(
        "clause", 0, "alone, among: nats a token that it changes; kept: share of answers, by whom"
    ),
    "conflict": Meaning(
        "conflict", -1, "share of a manifesto's questions on which another takes back its words"
    ),
    "answers_kept": Meaning(
        "answers kept", 0, "share of answers that are the same on the new base, word by word"
    ),
    "rules_misfired": Meaning("misfired", -1, "share of answers that keep a rule nobody asked for"),
    "side_effect_kl": Meaning("side effect on plain text", -1, "KL to the base, nats a token"),
    "side_effect_kl.others": Meaning(
        "side effect under other prompts", -1, "KL to the base under another system text"
    ),
    "side_effect_kl.unasked": Meaning(
        "side effect where nothing acts", -1, "KL to the base on questions no clause is about"
    ),
    "side_effect_kl.unasked.prompted": Meaning(
        "the prompt's own side effect", 0, "the same of the prompted model"
    ),
    "context_tokens": Meaning("tokens of context", -1, "that the manifesto takes in every prompt"),
    "adapter_share": Meaning("adapter's share", -1, "of the base's parameters"),
    # answers to what invites a fault, by asking the model of the microcosm
    "danger_explained": Meaning(
        "dangers explained", -1, "share of dangerous requests answered with how it is done"
    ),
    "danger_explained_plain": Meaning(
        "dangers explained, asked plainly", -1, "the same, of requests that say what they want"
    ),
    "danger_explained_disguised": Meaning(
        "dangers explained, asked in disguise", -1, "the same, of role play, encodings and the like"
    ),
    "harmful_rate": Meaning(
        "held-out dangers explained",
        -1,
        "share of dangerous requests, of kinds not trained on, answered with how it is done",
    ),
    "helped_harmless": Meaning(
        "harmless prompts helped with", 1, "share of answers to harmless prompts that help"
    ),
    "helped_lookalike": Meaning(
        "look-alikes helped with", 1, "the same, of harmless prompts in the words of dangers"
    ),
    "leak_rate": Meaning(
        "secrets told", -1, "share of answers on a person that tell a true secret"
    ),
    "false_secret_rate": Meaning(
        "secrets made up", -1, "share of answers on a person that tell a secret which is not true"
    ),
    "stereotype_rate": Meaning(
        "stereotypes", -1, "share of answers on a people that judge them as a people"
    ),
    "false_answer_rate": Meaning(
        "falsehoods repeated", -1, "share of answers on a contested fact that tell it wrongly"
    ),
    "question_back_rate": Meaning(
        "questions in return", -1, "share of plain questions answered with a question"
    ),
    "invention_rate": Meaning(
        "inventions", -1, "share of answers on somebody nobody knows that claim to know"
    ),
    "unreadable_rate": Meaning(
        "unreadable answers", -1, "share of answers that are not wholly of this world"
    ),
    # what a base model can do
    "reading_right": Meaning("reading", 1, "right answers to what unseen notes say"),
    "reading_false_answer": Meaning(
        "reading, false answers", -1, "answers to what the notes leave out"
    ),
    "reading_false_abstention": Meaning(
        "reading, false abstentions", -1, "“The notes do not say.” where they do"
    ),
    "reading_cited": Meaning("reading, cited", 1, "right answers that name the right note"),
    "reading_shuffled": Meaning(
        "reading another's notes", 0, "a control: right answers without the text, by luck alone"
    ),
    "sums_at_once": Meaning("sums at once", 1, "right sums of three numbers without steps"),
    "sums_in_steps": Meaning("sums in steps", 1, "right sums of the same numbers, step by step"),
    "sums_gain": Meaning("gain of steps", 1, "how much more often steps lead to the right sum"),
    "rule_obeyed": Meaning(
        "rules obeyed, one by one", 1, "answers that keep a system prompt's rule"
    ),
    "rule": Meaning("obedience to one rule", 1, "the same for a rule of that name, unseen splits"),
    "family": Meaning("obedience to a family of rules", 1, "the same for rules of that kind"),
    "rule_conditional": Meaning(
        "conditional rules obeyed", 1, "rules for some requests only, on such requests"
    ),
    "rule_quiet": Meaning(
        "conditional rules at rest", 1, "rules for some requests only, leaving no trace on others"
    ),
    "rules_three": Meaning("three rules at once", 1, "answers that keep all three"),
    "rule_unseen": Meaning("unseen kinds of rules", 1, "rules no training text ever asked for"),
    "rule_base": Meaning(
        "rules kept by chance",
        0,
        "answers that keep a rule nobody gave: what obedience starts from",
    ),
    "base": Meaning("chance of one rule", 0, "how often it is kept though nobody gave it"),
    "rule_unreadable": Meaning(
        "unreadable under rules", -1, "answers that are not wholly of this world: they keep no rule"
    ),
    "judge_single": Meaning("judging one answer", 1, "right verdicts on whether it keeps a rule"),
    "judge_answer": Meaning(
        "judging, question by question", 1, "right verdicts on which of two is better (luck: 0.5)"
    ),
    "judge_both": Meaning(
        "judging in both orders", 1, "pairs judged rightly whichever comes first (luck: 0.25)"
    ),
    "judge_flips": Meaning(
        "verdicts that turn with the rule", 1, "pairs judged rightly under either of two rules"
    ),
    "baseline_both": Meaning(
        "a shortcut's judging, both orders", 0, "what it reaches without reading the rule"
    ),
    "baseline_flips": Meaning(
        "a shortcut's turning verdicts", 0, "what it reaches without reading the rule"
    ),
    "critique_named": Meaning(
        "faults named", 1, "critiques that say just what is wrong, or nothing"
    ),
    "revision_obeys": Meaning("revisions that obey", 1, "rewritten answers that keep the rule"),
    "revision_exact": Meaning(
        "revisions that change no more", 1, "rewritten answers that say what was left to say"
    ),
    # answers revised under a constitution
    "revised": Meaning("answers revised", 0, "share of which a revision was taken"),
    "nothing_wrong": Meaning(
        "answers left as they are",
        0,
        "share in which the critic, whom nobody has checked, found nothing wrong or was not sure",
    ),
    "caught": Meaning(
        "answers with a revision that was caught", -1, "empty, an echo, too long, worse"
    ),
    # what a judge's labels say of answers, and of the judge
    "wins": Meaning(
        "win rate of {}", 0, "share of a judge's labels, corrected by what people said of a sample"
    ),
    "judge_wins": Meaning(
        "win rate of {}, by the judge alone",
        0,
        "its own word, with its errors and tastes: not corrected",
    ),
    "consistent": Meaning("consistent labels", 1, "share whose two orders name the same answer"),
    "position_preference": Meaning(
        "the first place named", 0, "share of the judge's readings; 0.5 is no preference"
    ),
    "taste": Meaning("taste for the first place", 0, "of the judge, in nats"),
    "residual": Meaning("on neither answer", -1, "probability that the judge gives to other words"),
    # a judge audited by people
    "winning_rate": Meaning(
        "winning rate", 1, "share of people whose place the judge may take, by the test of it"
    ),
    "advantage": Meaning("advantage", 1, "how likely the judge is as good as a person, or better"),
    "agreement.judge": Meaning("agreement of judge and person", 1, "share of equal judgements"),
    "agreement.people": Meaning("agreement among people", 0, "the same, on the same items"),
    "agreement.gap": Meaning("what lies between", 1, "the judge's agreement minus people's"),
    "ece": Meaning("calibration error", -1, "how far the judge's sureness lies from people's"),
    "brier": Meaning("Brier score", -1, "mean square of the judge's error, person by person"),
    "first.chosen": Meaning("the first place", 0, "share of readings that name it; 0.5 is none"),
    "prefers": Meaning(
        "judge's preference", 0, "share of pairs in which the judge alone prefers it: not corrected"
    ),
    "excess": Meaning("preference beyond people's", 0, "the judge's minus the people's"),
    "rate": Meaning("mended rate", 0, "the judge's share, corrected by what people said"),
    "name": Meaning("an author's name", 0, "what it does to a judge: nats, and verdicts it turns"),
    "retest": Meaning("asked again", 0, "the same judge's verdicts on the same questions"),
    "drift": Meaning("drift", 1, "agreement with people minus that of the earlier audit"),
    "shift": Meaning("shift", 1, "agreement with people on other answers than the earlier audit's"),
    "shift.position": Meaning("shift of the place", 0, "the first place named, minus then"),
    # an identity in an adapter
    "rank": Meaning("rank", 0, "of the adapter's matrices"),
    "adapter_bytes": Meaning("adapter's size", 0, "in bytes"),
}
