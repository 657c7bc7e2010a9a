"""The only room that changes a node: applies a plan step by step, journalled, under a lock."""
