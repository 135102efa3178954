"""Everything on disk: artifacts with ids, their content by digest, names for people, lineage."""

from plumbline.store.ancestry import Line, lineage, lineage_text
from plumbline.store.context import Context, Event, Report, silent
from plumbline.store.handles import Handle, Stage, artifact_id, ref, source, stage
from plumbline.store.record import Record
from plumbline.store.sources import add_source, source_record
from plumbline.store.store import Store, check_name, find_store
from plumbline.store.upkeep import Cleaned, Damage, Usage, du, gc, verify

__all__ = [
    "Cleaned",
    "Context",
    "Damage",
    "Event",
    "Handle",
    "Line",
    "Record",
    "Report",
    "Stage",
    "Store",
    "Usage",
    "add_source",
    "artifact_id",
    "check_name",
    "du",
    "find_store",
    "gc",
    "lineage",
    "lineage_text",
    "ref",
    "silent",
    "source",
    "source_record",
    "stage",
    "verify",
]
