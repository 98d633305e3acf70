"""The worker: takes runs and imports from the queue, executes notebooks, relays the outbox."""

from workbench.worker.loop import serve as serve
