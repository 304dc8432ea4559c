"""Speed and memory measured side by side in one run, because a figure from another machine says nothing about this one."""
