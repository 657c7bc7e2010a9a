import asyncio

from textual.widgets import Button, Input

from console.model.asking import Asker
from tests.screens import sample
from tests.screens.feeding import Feed, console, text_of
from tests.waiting import eventually


def asker(feed: Feed) -> Asker:
    assert feed.asker is not None
    return feed.asker


async def test_an_unknown_key_is_trusted_only_by_choosing_to() -> None:
    feed = Feed(sample.healthy())
    app = console(sample.healthy(), feed=feed)
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: feed.asker)
        asked = asyncio.create_task(asker(feed).trust("192.168.1.101", "SHA256:Jx0uKqd1", "ssh-ed25519"))
        await eventually(lambda: app.screen.query("#cancel:focus"))
        await pilot.pause()
        assert "SHA256:Jx0uKqd1" in text_of(app)
        assert app.screen.query_one("#cancel", Button).has_focus
        await pilot.press("enter")
        assert await asked is False
        asked = asyncio.create_task(asker(feed).trust("192.168.1.101", "SHA256:Jx0uKqd1", "ssh-ed25519"))
        await eventually(lambda: app.screen.query("#cancel:focus"))
        await pilot.press("right", "enter")
        assert await asked is True


async def test_a_passphrase_is_typed_unseen_and_escape_gives_up() -> None:
    feed = Feed(sample.healthy())
    app = console(sample.healthy(), feed=feed)
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: feed.asker)
        asked = asyncio.create_task(asker(feed).passphrase("/root/.ssh/id_ed25519"))
        await eventually(lambda: app.screen.query("#passphrase:focus"))
        await pilot.press(*"secret")
        await pilot.pause()
        assert app.screen.query_one(Input).password
        assert "secret" not in text_of(app)
        await pilot.press("enter")
        assert await asked == "secret"
        asked = asyncio.create_task(asker(feed).passphrase("/root/.ssh/id_ed25519"))
        await eventually(lambda: app.screen.query("#passphrase:focus"))
        await pilot.press("escape")
        assert await asked is None


async def test_two_questions_wait_for_one_another() -> None:
    feed = Feed(sample.healthy())
    app = console(sample.healthy(), feed=feed)
    async with app.run_test(size=(80, 24)) as pilot:
        await eventually(lambda: feed.asker)
        first = asyncio.create_task(asker(feed).trust("web-a", "SHA256:one", "ssh-ed25519"))
        second = asyncio.create_task(asker(feed).trust("web-b", "SHA256:two", "ssh-ed25519"))
        await eventually(lambda: "SHA256:one" in text_of(app))
        assert len(app.screen_stack) == 2
        await pilot.press("escape")
        assert await first is False
        await eventually(lambda: "SHA256:two" in text_of(app))
        await pilot.press("escape")
        assert await second is False
