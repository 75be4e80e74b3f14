"""MAXIMIZE and MINIMIZE: what a step declares, over a query's rows as matrices, and solved."""
