"""Recipes: composing stages into one thing that plans, runs, resumes and knows its own history."""

from plumbline.recipe.graph import Graph, Node, build
from plumbline.recipe.loading import Recipe, load, recipe
from plumbline.recipe.planning import Step, plan, plan_text, status_text
from plumbline.recipe.run import RunResult, run_recipe
from plumbline.store import Context, Event, Handle, Stage, ref, source, stage

__all__ = [
    "Context",
    "Event",
    "Graph",
    "Handle",
    "Node",
    "Recipe",
    "RunResult",
    "Stage",
    "Step",
    "build",
    "load",
    "plan",
    "plan_text",
    "recipe",
    "ref",
    "run_recipe",
    "source",
    "stage",
    "status_text",
]
