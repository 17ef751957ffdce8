"""Measures: what an analyzer adds up for each key, on any split of the rows and in any order.

A measure is two Polars expressions. `first` makes the state from the observed rows of a group, and
`merge` makes one state of the states of a group; both give one column, named as the measure, and
merge is associative and commutative. `value` turns a state into what `judge` sees. No state holds
more than `limit` elements, however many rows it stands for.
"""

from __future__ import annotations

from sensor.measures.bins import Bins
from sensor.measures.distinct import Distinct, DistinctCount
from sensor.measures.figures import Count, Max, Min, Sum
from sensor.measures.histogram import Histogram
from sensor.measures.measure import Measure
from sensor.measures.rows import Rows
from sensor.measures.values import Values

__all__ = [
    "Bins",
    "Count",
    "Distinct",
    "DistinctCount",
    "Histogram",
    "Max",
    "Measure",
    "Min",
    "Rows",
    "Sum",
    "Values",
]
