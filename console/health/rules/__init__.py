"""Every rule, one module per part of the stack.

A rule that lacks a fact finds nothing: the rules of `unknown` say so in its place.
"""

from console.health.rules import (
    disk,
    export,
    gate,
    handover,
    lineage,
    mail,
    mirror,
    rebuild,
    unknown,
    vrrp,
    vrrp_group,
)
from console.health.rules.scene import Rule

ALL: tuple[Rule, ...] = (
    *gate.RULES,
    *export.RULES,
    *disk.RULES,
    *mirror.RULES,
    *rebuild.RULES,
    *vrrp.RULES,
    *vrrp_group.RULES,
    *handover.RULES,
    *lineage.RULES,
    *mail.RULES,
    *unknown.RULES,
)
