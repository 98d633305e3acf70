"""Parquet files that are odd, damaged, or larger inside than they look."""

import io
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

Found = dict[str, tuple[bytes, Literal["refused", "partial", "fine"], str]]


def parquet(columns: dict[str, Any], **more: Any) -> bytes:
    """A Parquet file of these columns."""
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, **more)
    return target.getvalue()


def repeated(rows: int, length: int) -> bytes:
    """A file of one long text that its dictionary holds once."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["x" * length])
    return parquet({"carrier": texts}, compression="zstd")


def tables() -> Found:
    """Bad Parquet files, what comes of each, and what is said."""
    good = parquet({"carrier": ["UA", "AA"], "delay": [1, 2]})
    beyond = pa.array([1, 2**63], pa.uint64())
    late = pa.array([0, 2**62], pa.timestamp("us"))
    return {
        "parquet_good": (good, "fine", ""),
        "parquet_empty": (parquet({"carrier": pa.array([], pa.string())}), "fine", ""),
        "parquet_cut": (good[:-10], "refused", "cannot be read"),
        "parquet_start_alone": (b"PAR1", "refused", "cannot be read"),
        "parquet_damaged_pages": (good[:4] + b"\xff" * 60 + good[64:], "refused", "cannot be"),
        "parquet_damaged_footer": (good[:-60] + b"\xff" * 40 + good[-20:], "refused", "cannot be"),
        "parquet_footer_beyond": (
            good[:-8] + b"\xff\xff\xff\x7fPAR1",
            *("refused", "cannot be read"),
        ),
        "parquet_unknown": (parquet({"x": [1]}), "refused", "no column x"),
        "parquet_tenant_id": (parquet({"tenant_id": ["x"]}), "refused", "no column tenant_id"),
        "parquet_nested": (parquet({"carrier": [{"a": [1, 2]}, None]}), "fine", ""),
        "parquet_decimal": (parquet({"distance": [Decimal("1.50"), None]}), "fine", ""),
        "parquet_zone": (
            parquet({"departed": pa.array([0], pa.timestamp("ns", "Asia/Tokyo"))}),
            *("fine", ""),
        ),
        "parquet_int96": (
            parquet(
                {"departed": pa.array([0, None], pa.timestamp("ns"))},
                use_deprecated_int96_timestamps=True,
            ),
            *("fine", ""),
        ),
        "parquet_integer_beyond": (parquet({"delay": beyond}), "partial", "must be a whole"),
        "parquet_nan": (parquet({"distance": [1.0, float("nan")]}), "partial", "finite"),
        "parquet_time_beyond": (parquet({"departed": late}), "partial", "must be a time"),
        "parquet_text_as_number": (parquet({"delay": ["1", "x"]}), "partial", "whole number"),
        "parquet_nul": (parquet({"carrier": ["a", "b\0"]}), "partial", "NUL"),
        "parquet_bytes": (parquet({"carrier": [b"\xff\xfe", b"ok"]}), "fine", ""),
        "parquet_repeated_text": (repeated(200, 900_000), "fine", ""),
        "parquet_long_text": (repeated(3, 1_000_001), "partial", "longer than 1,000,000"),
        "parquet_many_rows": (
            parquet({"delay": pa.nulls(1 << 24, pa.int64()), "distance": pa.nulls(1 << 24)}),
            *("refused", "holds more than"),
        ),
    }
