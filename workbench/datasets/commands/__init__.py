"""Changes to datasets: definitions, imports, single rows; and ad-hoc SQL with its audit."""

from workbench.datasets.commands.ad_hoc import run_sql as run_sql
from workbench.datasets.commands.definitions import adopt as adopt
from workbench.datasets.commands.definitions import adopt_shared as adopt_shared
from workbench.datasets.commands.definitions import define as define
from workbench.datasets.commands.exporting import export_rows as export_rows
from workbench.datasets.commands.exporting import export_sql as export_sql
from workbench.datasets.commands.imports import LOADER as LOADER
from workbench.datasets.commands.imports import begin_import as begin_import
from workbench.datasets.commands.imports import fail_import as fail_import
from workbench.datasets.commands.imports import load as load
from workbench.datasets.commands.imports import start_import as start_import
from workbench.datasets.commands.purging import BATCH as BATCH
from workbench.datasets.commands.purging import PURGER as PURGER
from workbench.datasets.commands.purging import purge_rows as purge_rows
from workbench.datasets.commands.reading import note_read as note_read
from workbench.datasets.commands.reading import read_deleted as read_deleted
from workbench.datasets.commands.reading import read_page as read_page
from workbench.datasets.commands.rows import add_rows as add_rows
from workbench.datasets.commands.rows import change_row as change_row
from workbench.datasets.commands.rows import delete_row as delete_row
from workbench.datasets.commands.rows import delete_rows as delete_rows
from workbench.datasets.commands.rows import restore_row as restore_row
from workbench.datasets.commands.rows import restore_rows as restore_rows
