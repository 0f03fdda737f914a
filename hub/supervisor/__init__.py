"""One machine's stack: broker, registry and roles as processes that are started, watched, restarted and stopped together.

`Stack` is what `hub up --foreground` and `hub demo` hold; `state` is what `hub status` and `hub down` read from
outside.
"""

from hub.supervisor.child import Child, ProcessSpec
from hub.supervisor.stack import DOORS, Stack
from hub.supervisor.state import RunState, read_state, running_instance, status, stop_instance

__all__ = [
    "DOORS",
    "Child",
    "ProcessSpec",
    "RunState",
    "Stack",
    "read_state",
    "running_instance",
    "status",
    "stop_instance",
]
