"""A tiny random Llama with a byte tokenizer, as a folder in Hugging Face format."""

from __future__ import annotations

from pathlib import Path

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def make(folder: Path, *, width: int = 16, context: int = 256, chat: bool = False) -> Path:
    """2 layers, bos 0, eos 1; with `chat`, ChatML whose end of turn is eos and pad at once."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    vocabulary = bytes_tokenizer(folder, chat=chat)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=context,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def bytes_tokenizer(folder: Path, *, chat: bool = False) -> int:
    """Save the tokenizer alone; the size of its vocabulary."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<|im_start|>", "<|im_end|>"] if chat else ["<s>", "</s>"]
    vocabulary = {token: i for i, token in enumerate([*specials, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = (
        {"eos_token": specials[1], "pad_token": specials[1], "chat_template": CHATML}
        if chat
        else {"bos_token": specials[0], "eos_token": specials[1]}
    )
    if chat:
        tokenizer.add_special_tokens(specials)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return len(vocabulary)
