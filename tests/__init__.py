"""The laws of every chapter, one file per chapter; the name of a test is the law it guards."""
