"""Small tokenizers and chat templates in the style of common families, for tests of rendering."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from plumbline.text.tokenizer import Tok

CORPUS = [
    "the cat sat on the mat and said hello to the dog, who did not answer",
    "\n\nHuman: what is the time?\n\nAssistant: it is ten past four",
    "user assistant system model [INST] [/INST] USER: ASSISTANT: think 0123456789",
]

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('system texts are not known') }}"
    "{% elif (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate user/assistant/user/...') }}"
    "{% elif message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
ZEPHYR = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
"""Writes no BOS, and its answers begin with the line feed that the generation prompt lacks."""
ENDLESS = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ 'USER: ' + message['content'] + ' ASSISTANT: ' }}{% else %}"
    "{{ message['content'] + '\n' }}{% endif %}{% endfor %}"
)
"""Never ends a turn, and has no generation prompt of its own."""
THINKER = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' and loop.last %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
"""Rewrites earlier turns: only the last answer keeps its (empty) thoughts."""
REASONER = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{{ '<|im_start|>assistant\n' + message['content'].split('</think>')[-1] + '<|im_end|>' }}"
    "{% else %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n' }}{% endif %}"
)
"""Its generation prompt is no prefix of its training text, and it drops thoughts."""
DATED = "{{ '<|im_start|>system\nToday is ' + strftime_now('%d %B %Y') + '<|im_end|>' }}" + CHATML
TEMPLATES = {
    "chatml": CHATML,
    "llama3": LLAMA3,
    "mistral": MISTRAL,
    "gemma": GEMMA,
    "zephyr": ZEPHYR,
    "endless": ENDLESS,
    "thinker": THINKER,
    "reasoner": REASONER,
}
CONTROL = [
    "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>",
    "<start_of_turn>", "<end_of_turn>",
]  # fmt: skip


@lru_cache
def _tokenizer_json(kind: str) -> str:
    from tokenizers import (
        AddedToken,
        Tokenizer,
        decoders,
        models,
        normalizers,
        processors,
        trainers,
    )
    from tokenizers import pre_tokenizers as pre

    byte = kind.startswith("bytes")
    unk = None if byte else "<unk>"
    made = Tokenizer(models.BPE(unk_token=unk, byte_fallback=not byte))
    if byte:
        made.pre_tokenizer = pre.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        alphabet = pre.ByteLevel.alphabet()
    else:
        alphabet = [chr(i) for i in range(33, 127)]
        fallback = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        made.decoder = decoders.Sequence([*fallback, decoders.Strip(" ", 1, 0)])
        if kind == "prefix":
            spaces = normalizers.Replace(" ", "▁")
            made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), spaces])
        else:
            made.pre_tokenizer = pre.Metaspace(prepend_scheme="first", split=False)
    specials = ["<unk>", "<s>", "</s>", *CONTROL]
    if not byte:
        specials += [f"<0x{i:02X}>" for i in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=len(specials) + 400,
        special_tokens=specials[:3] if byte else specials,
        initial_alphabet=sorted(alphabet),
        show_progress=False,
    )
    made.train_from_iterator(CORPUS, trainer)
    text = _only_specials(made.to_str(), ["<unk>", "<s>", "</s>"])
    made = Tokenizer.from_str(text)
    made.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in CONTROL])
    if kind != "bytes":
        made.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 1)]
        )
    return made.to_str()


def _only_specials(text: str, kept: list[str]) -> str:
    """Byte tokens are part of the model's vocabulary, no added tokens."""
    import json

    spec = json.loads(text)
    spec["added_tokens"] = [t for t in spec["added_tokens"] if t["content"] in kept]
    return json.dumps(spec)


KINDS = ("bytes", "bytes+bos", "prefix", "first")
"""Byte level; the same with BOS; SentencePiece-like with a dummy prefix everywhere or first."""


def tokenizer(kind: str = "bytes", template: str | None = None, **special: str) -> Any:
    """A fresh tokenizer of transformers. pad is eos unless said otherwise."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    tokens = {"eos_token": "</s>", "pad_token": "</s>", "bos_token": "<s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_tokenizer_json(kind)),
        chat_template=TEMPLATES.get(template or "", template),
        clean_up_tokenization_spaces=False,
        **(tokens | special),
    )


def tok(kind: str = "bytes", template: str | None = None, **special: str) -> Tok:
    return Tok(tokenizer(kind, template, **special), name=kind)
