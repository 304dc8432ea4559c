"""The laws of every module, one file per module; the name of a test is the law it guards."""
