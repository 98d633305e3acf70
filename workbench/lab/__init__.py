"""The lab: all that a notebook imports."""

from workbench.lab.extension import load_ipython_extension as load_ipython_extension
from workbench.lab.run import LabRun as LabRun
from workbench.lab.run import open_run as open_run
