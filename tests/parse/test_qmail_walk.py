"""What the mail script prints of a queue, read: never an error, every line accounted for, and fast enough."""

from hypothesis import given
from hypothesis import strategies as st

from console.parse.qmail_envelopes import (
    read_archive,
    read_envelopes,
    recipients_of,
    sender_of,
)
from console.parse.qmail_files_of import read_control, read_message
from console.parse.qmail_walk import DIRECTORIES, read_walk, told_time

NAMES = st.sampled_from(DIRECTORIES)
LINES = st.one_of(
    st.text(max_size=40),
    st.builds("{}/{}/{} {} {}".format, NAMES, *[st.integers(0, 10**19)] * 4),
    st.builds("{}/{}/{}".format, NAMES, st.integers(0, 22), st.integers(0, 10**6)),
    st.builds("{}/{}".format, NAMES, st.integers(0, 10**6)),
    st.builds("{}/{}/".format, NAMES, st.integers(0, 10**7)),
    st.builds("{}/".format, NAMES),
    st.builds("find: '{}/3': Permission denied".format, NAMES),
    st.builds(
        " 12 8 -rw-r--r-- 1 qmailq qmail {} Nov 23 01:02 {}/3/{}".format,
        st.integers(0, 9),
        NAMES,
        st.integers(0),
    ),
)
TEXT = st.lists(LINES, max_size=30).map("\n".join)


@given(TEXT, TEXT, TEXT)
def test_any_text_is_read_and_every_line_counted(walked: str, said: str, grounds: str) -> None:
    found = read_walk(walked, said, grounds)
    assert sum(found.states.values()) == len(found.messages)
    assert found.queue <= len(walked.split("\n"))
    assert [one.msg for one in found.messages] == sorted({one.msg for one in found.messages})
    assert found.unread >= 0


@given(st.binary(max_size=3000), TEXT, TEXT, TEXT)
def test_any_bytes_are_an_archive_of_something_or_nothing(
    data: bytes, files: str, grounds: str, sending: str
) -> None:
    read_archive(data)
    assert read_envelopes((), {}, 3).asked == 3
    sender_of(data)
    recipients_of(data, "local")
    read_message(5, files, grounds, data)
    read_control(files, {}, grounds, sending)


def test_every_message_has_the_state_that_its_files_say() -> None:
    found = read_walk(
        "\n".join(
            [
                "todo/4", "intd/4", "intd/3",
                *[f"mess/{msg % 2}/{msg} {msg * 100} {msg}" for msg in (2, 3, 4, 5, 6)],
                "info/1/5", "remote/1/5", "bounce/5", "local/0/6", "mess/", "mess/0/", "mess/1/", "todo/",
            ]
        )
    )  # fmt: skip
    assert {one.msg: one.state for one in found.messages} == {2: "S2", 3: "S3", 4: "S4", 5: "S5", 6: "other"}
    assert (found.queue, found.todo, found.split, found.big_todo, found.unread) == (5, 1, 2, False, 0)
    assert found.messages[3].files == ("mess", "info", "remote", "bounce")
    assert (found.messages[3].bytes, found.messages[3].since) == (500, 5.0)


def test_a_number_in_two_places_is_one_message_and_its_wrong_place_is_told() -> None:
    found = read_walk("mess/\nmess/0/\nmess/1/\nmess/1/4 10 5\nmess/0/4 20 6\ninfo/0/4\n")
    assert [one.msg for one in found.messages] == [4]
    assert found.misplaced == ("mess/1/4",)
    assert (found.queue, sum(found.states.values()), found.unread) == (2, 1, 0)


def test_a_listing_by_find_ls_is_read_too() -> None:
    lines = (
        "  18  4 drwxr-x---  2 qmailq  qmail  512 Nov 23 01:02 mess/0\n"
        "1234  4 -rw-r--r--  1 qmailq  qmail  700 Nov 23 01:02 mess/0/46\n"
        " 999  4 -rw-------  1 qmails  qmail   20 Nov 23  2025 info/0/46\n"
    )
    found = read_walk(lines)
    assert [(one.msg, one.state, one.bytes, one.since) for one in found.messages] == [(46, "S5", 700, None)]
    assert found.unread == 0


def test_what_the_node_measured_comes_before_what_we_measured() -> None:
    assert read_walk("", "real         0.42\nuser 0.1\nsys 0.0\n", "user root\n", 1.0, 9.0).seconds == 0.42
    assert read_walk("", "", "user root\n", 1.0, 9.0).seconds == 9.0


def test_complaints_are_sorted() -> None:
    said = (
        "find: 'info/3': Permission denied\nfind: remote/7: Permission denied\n"
        "stat: cannot statx 'mess/3/5': No such file or directory\n"
        "stat: mess/3/6: stat: No such file or directory\n"
        "find: mess/3: Input/output error\n"
    )
    found = read_walk("", said, "user joe\ndenied local\n")
    assert found.denied == ("local", "info", "remote")
    assert (found.vanished, found.unread, found.user) == (2, 1, "joe")


def test_the_time_that_qmail_send_runs_is_read() -> None:
    now = "1000000\n"
    assert read_control("", {}, "", now + "      05:10 qmail-send\n").started == 1000000 - 310
    assert read_control("", {}, "", now + "1-02:03:04 /var/qmail/bin/qmail-send\n").started == 1000000 - 93784
    assert read_control("", {}, "", now).started is None
    assert read_control("", {}, "", now + "05:10 vi qmail-send\n").started is None


def test_the_clock_of_a_walk_is_the_nodes_where_it_tells_it() -> None:
    assert told_time("user root\nnow 1795400000\ndenied info", 5.0) == 1_795_400_000
    for said in ("user root", "now soon", "now ²", f"now {'9' * 400}", ""):
        assert told_time(said, 5.0) == 5.0
