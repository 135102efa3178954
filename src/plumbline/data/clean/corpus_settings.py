"""Settings of what looks at a whole corpus: copies, leaked evaluations, selection, mixtures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plumbline.core.settings import option, runtime

from .bounds import THREADS, at_least, check, shares


@dataclass(frozen=True)
class Duplicates:
    """When two documents are the same; see `duplicates` and `minhash`."""

    use: bool = option(True, help="remove copies, exact and near")
    near: bool = option(True, help="near copies too, not only those equal to the letter")
    threshold: float = option(0.8, help="estimated Jaccard similarity from which on two are near")
    ngram: int = option(5, help="words a shingle (fewer for texts of one sentence)")
    hashes: int = option(256, help="MinHashes a document; the estimate's error is 1/sqrt of it")
    recall: float = option(0.99, help="share of pairs at the threshold that are compared at all")
    seed: int = option(0, help="which hash functions")
    workers: int = runtime(0, help=THREADS)

    def __post_init__(self) -> None:
        check("threshold", self.threshold, 0 < self.threshold < 1, "between 0 and 1, as 0.8")
        check("recall", self.recall, 0 < self.recall < 1, "between 0 and 1, as 0.99")
        check("hashes", self.hashes, 16 <= self.hashes <= 4096, "16 to 4096")
        at_least(1, ngram=self.ngram)
        at_least(0, workers=self.workers)


@dataclass(frozen=True)
class Contamination:
    """When a document holds a piece of an evaluation; see `contamination`."""

    use: bool = option(True, help="remove documents that hold evaluation items")
    ngram: int = option(13, help="words in a row that must be shared (GPT-3: 13)")
    shortest: int = option(8, help="words of the shortest item that is looked for (GPT-3: 8)")
    overlap: float = option(0.0, help="share of an item's n-grams that must be found (0: any)")
    near: float = option(0.6, help="or this share of its near_ngrams, wherever they stand (0: off)")
    near_ngram: int = option(3, help="words of the n-grams for `near`")
    common: int = option(10, help="n-grams in more items than this are the file's own phrases")
    fields: tuple[str, ...] = option((), help="fields of the items looked for (none named: all)")
    workers: int = runtime(0, help=THREADS)

    def __post_init__(self) -> None:
        shares(overlap=self.overlap, near=self.near)
        at_least(1, near_ngram=self.near_ngram, common=self.common)
        at_least(0, workers=self.workers)
        good = 0 < self.shortest <= self.ngram
        check("shortest", self.shortest, good, f"at least 1, at most ngram ({self.ngram})")


@dataclass(frozen=True)
class Diverse:
    """How a small, good and diverse subset is chosen; see `select` and `subset`."""

    n: int = option(0, help="documents to choose; must be given")
    by: str = option("", help="field that holds a row's quality (none named: all are equally good)")
    quality: float = option(0.5, help="weight of quality against coverage, 0 to 1")
    pool: int = option(20_000, help="candidates held in memory: the best, equals drawn by seed")
    width: int = option(512, help="numbers in a document's vector")
    candidates: int = option(0, help="looked at for each choice (0: enough for 0.95 of greedy)")
    seed: int = option(0, help="which candidates are looked at, and who of equals is taken")

    def __post_init__(self) -> None:
        shares(quality=self.quality)
        check("width", self.width, 16 <= self.width <= 1 << 16, "16 to 65536")
        at_least(1, pool=self.pool)
        at_least(0, n=self.n, candidates=self.candidates)


@dataclass(frozen=True)
class Mixture:
    """How much of each source; see `mixtures` and `blend`."""

    weights: Mapping[str, float] = option(
        factory=dict, help="share of each source by name (none: by size and temperature)"
    )
    temperature: float = option(1.0, help="1: by size; larger: more even; sizes to the 1/T")
    n: int = option(0, help="items in all (0: epochs times what there is)")
    epochs: float = option(1.0, help="items in all, as a multiple of what there is")
    seed: int = option(0, help="the order")

    def __post_init__(self) -> None:
        check("temperature", self.temperature, self.temperature > 0, "above 0")
        check("epochs", self.epochs, self.epochs > 0, "above 0")
        at_least(0, n=self.n)
