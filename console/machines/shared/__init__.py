"""Files that `mirrorgate export` prints: Prometheus alert rules and a Grafana dashboard."""

from importlib.resources import files


def alert_rules() -> str:
    """Rules for Prometheus, YAML."""
    return files(__name__).joinpath("alerts.yml").read_text(encoding="utf-8")


def dashboard() -> str:
    """A dashboard for Grafana, JSON."""
    return files(__name__).joinpath("dashboard.json").read_text(encoding="utf-8")
