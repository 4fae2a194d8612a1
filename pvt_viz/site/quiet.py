"""What Streamlit says on the command line when pages are drawn without it."""

from streamlit import config, logger


def hush() -> None:
    """Errors alone: it misses a visitor, and there is none. Call before anything of `pvt_viz.ui` is loaded."""
    config.get_option("logger.level")  # what is set before the options are read would be set back
    logger.set_log_level("error")
