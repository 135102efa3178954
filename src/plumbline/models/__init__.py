"""Models of `transformers`: loaded, read, sampled from, saved."""

import os

# oneDNN keeps this many kernels, one for each shape of a product. Hardly two micro-batches have as
# many tokens, so its own 1,024 are never met again: 0.3 GB held, and searched at each new shape.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
