"""The shapes of datasets, their rows, questions to them, and imports."""

from workbench.datasets.schemas.aggregations import MAX_GROUPS as MAX_GROUPS
from workbench.datasets.schemas.aggregations import Aggregation as Aggregation
from workbench.datasets.schemas.aggregations import Bucket as Bucket
from workbench.datasets.schemas.aggregations import Function as Function
from workbench.datasets.schemas.aggregations import Group as Group
from workbench.datasets.schemas.aggregations import Measure as Measure
from workbench.datasets.schemas.definitions import ColumnView as ColumnView
from workbench.datasets.schemas.definitions import DatasetView as DatasetView
from workbench.datasets.schemas.definitions import NewColumn as NewColumn
from workbench.datasets.schemas.definitions import NewDataset as NewDataset
from workbench.datasets.schemas.exports import RowsExport as RowsExport
from workbench.datasets.schemas.imports import ImportView as ImportView
from workbench.datasets.schemas.imports import RejectView as RejectView
from workbench.datasets.schemas.rows import MAX_NEW_ROWS as MAX_NEW_ROWS
from workbench.datasets.schemas.rows import Condition as Condition
from workbench.datasets.schemas.rows import NewRows as NewRows
from workbench.datasets.schemas.rows import Operator as Operator
from workbench.datasets.schemas.rows import RowsQuery as RowsQuery
from workbench.datasets.schemas.rows import Sort as Sort
from workbench.datasets.schemas.shapes import ColumnTypeName as ColumnTypeName
from workbench.datasets.schemas.shapes import Label as Label
from workbench.datasets.schemas.shapes import Name as Name
from workbench.datasets.schemas.shapes import Reference as Reference
from workbench.datasets.schemas.shapes import Shape as Shape
from workbench.datasets.schemas.shapes import View as View
