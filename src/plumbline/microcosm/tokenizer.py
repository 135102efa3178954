"""The microcosm's tokenizer: one token a word, one a syllable of a name, bytes for all the rest.

A byte-level BPE whose vocabulary is written down rather than learnt: every word of the lexicon is a
token by itself (`ignore_merges` takes a word that is in the vocabulary as it is), and the only
merges build consonant-vowel syllables, so that an unseen name is a sequence of known syllables.
Bytes cover everything else, hence decoding is lossless for any text. Digits are single tokens.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plumbline.core.types import text_of
from plumbline.microcosm.corpus import EVERYTHING, MAKERS
from plumbline.microcosm.lexicon import CONSONANTS, VOWELS
from plumbline.microcosm.weights import lay
from plumbline.microcosm.wild import tagged

EOS, START, END, PAD = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"
SPECIALS = (EOS, START, END, PAD)
SPACE = "Ġ"
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML: what stands before an answer is what the generation prompt ends with."""
SAMPLE = 6_000
"""Documents of each kind read to list the words, whatever the shares of the kinds in the corpus."""


def syllables() -> list[tuple[str, str]]:
    """The merges: letter pairs to syllables, capitals too, and a space before a capital one."""
    pairs = [(c, v) for c in (CONSONANTS + CONSONANTS.upper()) for v in VOWELS]
    return pairs + [(SPACE, c + v) for c in CONSONANTS.upper() for v in VOWELS]


def _is_name(word: str) -> bool:
    return re.fullmatch(f"([{CONSONANTS}][{VOWELS}]){{2,3}}", word.lower()) is not None


def words() -> list[str]:
    """Every word of the corpus as it occurs, with its space where one stands before it, sorted."""
    found: set[str] = {"user", "assistant", "system"}
    lower: set[str] = set()
    for text in _texts():
        lower.update(re.findall(r"\b[a-z]+", text))
        found.update(re.findall(r" ?[A-Za-z]+", text))
    kept = {w for w in found if not (_is_name(w.strip()) and w.strip().lower() not in lower)}
    return sorted(word.replace(" ", SPACE) for word in kept if len(word) > 1)


def _texts() -> Iterator[str]:
    for kind in ("few", *EVERYTHING):
        for index in range(SAMPLE):
            rng = random.Random(f"microcosm/words/{kind}/{index}")
            yield text_of(tagged(MAKERS[kind](rng), rng).messages)


def build() -> Any:
    """The tokenizer as a `PreTrainedTokenizerFast`."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    merges = syllables()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = list(dict.fromkeys([*SPECIALS, *alphabet, *(a + b for a, b in merges), *words()]))
    model = models.BPE({t: i for i, t in enumerate(tokens)}, merges, ignore_merges=True)
    core = Tokenizer(model)
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIALS])
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=EOS, pad_token=PAD, chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False, model_max_length=CONTEXT,
    )  # fmt: skip


CONTEXT = 512
CONFIG: dict[str, Any] = {
    "hidden_size": 256,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "intermediate_size": 704,
    "max_position_embeddings": CONTEXT,
    "rope_theta": 1_000_000.0,
    "tie_word_embeddings": True,
    "initializer_range": 0.06,
}
"""The shape of the base model, Qwen3's: with normed heads, 0.25 million tokens of notes taught it
what 0.6 million taught Llama's shape, at a seventh less speed.

Weights begin at about 1 / sqrt(width): at 0.02, attention is flat at first and copying starts late.
"""


def write_model(folder: Path, seed: int = 0) -> Path:
    """Write tokenizer, config and seeded random weights (fp32) into `folder`; returns it."""
    import torch
    from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

    tokenizer = build()
    rows = -(-len(tokenizer) // 64) * 64
    ids = {name: tokenizer.convert_tokens_to_ids(t) for name, t in (("e", EOS), ("p", PAD))}
    config = Qwen3Config(vocab_size=rows, eos_token_id=ids["e"], pad_token_id=ids["p"], **CONFIG)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
    lay(model, tokenizer, seed)
    stops = [tokenizer.convert_tokens_to_ids(END), ids["e"]]
    model.generation_config = GenerationConfig(eos_token_id=stops, pad_token_id=ids["p"])
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    shape = json.loads((folder / "config.json").read_text())
    assert shape["vocab_size"] == rows, "the saved config is not the one built"
    return folder
