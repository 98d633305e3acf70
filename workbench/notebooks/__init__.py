"""Notebooks: what lies on the shelf, and the contract that each declares."""

from workbench.notebooks.contract import Notebook as Notebook
from workbench.notebooks.shelf import Shelf as Shelf
