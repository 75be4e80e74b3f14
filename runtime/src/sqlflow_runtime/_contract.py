"""The step contract's version, and the names that both sides of it know."""

from __future__ import annotations

CONTRACT = 1
"""The one version of `docs/step-contract.md` that this runtime speaks."""

DATASOURCE = "SQLFLOW_DATASOURCE"
MODEL_STORE = "SQLFLOW_MODEL_STORE"
FILES = "SQLFLOW_FILES"

DEFAULT_DATASOURCE = "duckdb:///.sqlflow/database.duckdb"
DEFAULT_MODEL_STORE = "file:.sqlflow/models"

VERSION = "0.1.0"
"""This package's version; a test keeps it equal to the one in pyproject.toml."""
