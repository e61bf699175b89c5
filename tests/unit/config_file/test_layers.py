"""Who wins: profile, files, short variables, variables that name keys, flags, `--set`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from otel_bridge.config_file.reading import Sources, load
from otel_bridge.parsers import BadSetting

STORE = """
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:1001"}}}
  weave_api: {endpoint: "127.0.0.1:1002"}
exporters:
  store: {retention: 30d}
service:
  pipelines:
    traces: {receivers: [otlp, weave_api], exporters: [store]}
"""
SECRETIVE = """
receivers: {otlp: {protocols: {http: }}}
exporters:
  weave: {endpoint: "http://a:1", auth: {api_key: one}}
  weave/audit: {endpoint: "http://a:2"}
service: {pipelines: {traces: {receivers: [otlp], exporters: [weave, weave/audit]}}}
"""
API = "OTEL_BRIDGE__RECEIVERS__WEAVE_API__ENDPOINT"


def api_port(configure, *layers):
    """The API's port when these layers speak, of profile, file, short and long variable, flag and set."""
    said = {
        "file": STORE if "file" in layers else None,
        "profile": "standalone" if "profile" in layers else None,
        "environ": {API: "127.0.0.1:1004"} if "long" in layers else {},
        "variables": {"api": "127.0.0.1:1003"} if "short" in layers else {},
        "flags": {"api": "127.0.0.1:1005"} if "flag" in layers else {},
        "sets": ["receivers.weave_api.endpoint=127.0.0.1:1006"] if "set" in layers else [],
    }
    file = said.pop("file")
    return configure(*([file] if file else []), **said).config.api.port


@pytest.mark.parametrize(
    ("layers", "port"),
    [
        (("profile",), 6345),
        (("profile", "file"), 1002),
        (("file", "short"), 1003),
        (("file", "short", "long"), 1004),
        (("short", "long", "set"), 1006),
        (("file", "long", "set"), 1006),
        (("profile", "file", "flag", "long"), 1005),
        (("flag", "set"), 1006),
    ],
)
def test_the_last_of_profile_file_variables_flag_and_set_wins(configure, layers, port):
    assert api_port(configure, *layers) == port


def test_maps_of_files_are_joined_and_lists_are_replaced(configure):
    loaded = configure(
        STORE,
        """
        receivers: {weave_api: {endpoint: "127.0.0.1:9"}}
        exporters: {store: {max_bytes: 1GiB}}
        service: {pipelines: {traces: {receivers: [weave_api]}}}
        """,
    )
    assert loaded.config.api.port == 9
    assert loaded.config.otlp_http is None
    assert (loaded.config.retention, loaded.config.max_disk) == (timedelta(days=30), 1 << 30)
    assert loaded.graph.unused == ("receivers.otlp",)


@pytest.mark.parametrize("nothing", ["", "{}", "null", "~"])
def test_an_empty_map_takes_nothing_away_from_the_file_before(configure, nothing):
    config = configure(
        STORE, f"receivers: {nothing}\nexporters: {{store: {nothing}}}\nservice: {{pipelines: {nothing}}}"
    ).config
    assert (config.api.port, config.retention) == (1002, timedelta(days=30))


def test_an_empty_value_in_the_place_of_a_list_leaves_it_and_an_empty_list_replaces_it(configure):
    with_probes = STORE + "  extensions: [health_check]\nextensions: {health_check: {}}\n"
    assert configure(with_probes, "service: {extensions: }").config.admin.port == 13133
    assert configure(with_probes, "service: {extensions: []}").config.admin is None


def test_a_profile_lies_below_files_only_when_it_is_named(configure):
    more = "exporters: {store: {retention: 2d}}"
    config = configure(more, profile="standalone").config
    assert (config.api.port, config.retention) == (6345, timedelta(days=2))
    with pytest.raises(BadSetting, match="receivers is missing"):
        configure(more)


def test_set_gives_maps_lists_and_texts(configure):
    config = configure(
        STORE,
        sets=[
            "extensions={health_check: {endpoint: '127.0.0.1:7'}}",
            "service.extensions=[health_check]",
            "exporters::store::default_project=a/b=c",
        ],
    ).config
    assert config.admin.port == 7
    assert config.default_project == "a/b=c"


def test_variables_find_keys_with_slashes_and_keep_texts_as_they_are(configure):
    config = configure(
        SECRETIVE,
        environ={
            "OTEL_BRIDGE__EXPORTERS__WEAVE__AUTH__API_KEY": "0123",
            "OTEL_BRIDGE__EXPORTERS__WEAVE_AUDIT__AUTH__API_KEY": "p$${env:X}",
            "OTEL_BRIDGE__EXPORTERS__WEAVE_AUDIT__SENDING_QUEUE__NUM_CONSUMERS": "7",
            "OTEL_BRIDGE__SERVICE__PIPELINES__TRACES__EXPORTERS": "[weave, weave/audit]",
        },
    ).config
    weave, audit = config.upstreams
    assert weave.api_key.get_secret_value() == "0123"
    assert audit.api_key.get_secret_value() == "p$${env:X}"
    assert audit.in_flight == 7


def test_a_secret_and_the_file_that_holds_it_replace_each_other(configure):
    one_file = "exporters: {weave: {auth: {api_key_file: /run/key}}}"
    weave = configure(SECRETIVE, one_file).config.upstreams[0]
    assert (weave.api_key, weave.api_key_file) == (None, "/run/key")
    back = "exporters: {weave: {auth: {api_key: two}}}"
    weave = configure(SECRETIVE, one_file, back).config.upstreams[0]
    assert (weave.api_key.get_secret_value(), weave.api_key_file) == ("two", None)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"sets": ["exporters.store"]}, "--set exporters.store: this is no KEY=VALUE"),
        ({"sets": ["a" + ".a" * 5000 + "=1"]}, "this is no KEY=VALUE"),
        ({"environ": {"OTEL_BRIDGE__A" + "__A" * 5000: "1"}}, "it names a key nested deeper than 32"),
        ({"sets": ["exporters..store=1"]}, "--set exporters..store: this is no KEY=VALUE"),
        (
            {"sets": ["exporters.store.retention=soon"]},
            "--set exporters.store.retention: exporters.store.ret",
        ),
        ({"sets": ["exporters.stoer.retention=1d"]}, "unknown type stoer; did you mean store?"),
        ({"environ": {"OTEL_BRIDGE__EXPORTERS____X": "1"}}, "OTEL_BRIDGE__EXPORTERS____X: it names no key"),
        ({"environ": {"OTEL_BRIDGE__SERVICES__X": "1"}}, "OTEL_BRIDGE__SERVICES__X: services: unknown key"),
        (
            {"flags": {"api": "nowhere"}},
            "--api (or OTEL_BRIDGE_API): receivers.weave_api.endpoint: 'nowhere'",
        ),
        ({"flags": {"queue_size": "much"}}, "--queue-size (or OTEL_BRIDGE_QUEUE_SIZE): 'much' is not a size"),
    ],
)
def test_a_mistake_names_the_flag_or_variable_that_made_it(problems, more, expected):
    (said,) = problems(STORE, **more)
    assert expected in said


@pytest.mark.parametrize("key", ["feature_gates", "service.telemetry.metrics.views"])
def test_a_key_of_a_collector_that_is_not_here_is_refused(problems, key):
    (said,) = problems(STORE, sets=[f"{key}=[]"])
    assert said.startswith(f"--set {key}: {key}: unknown key")


def test_a_variable_that_may_mean_two_keys_is_refused(problems):
    text = SECRETIVE.replace("weave/audit", "weave/a.b") + "x: {}"
    text = text.replace("exporters:\n", "exporters:\n  weave/a-b: {endpoint: 'http://a:3'}\n")
    found = problems(text, environ={"OTEL_BRIDGE__EXPORTERS__WEAVE_A_B__TIMEOUT": "1s"})
    assert found == ["OTEL_BRIDGE__EXPORTERS__WEAVE_A_B__TIMEOUT: WEAVE_A_B may be weave/a-b or weave/a.b"]


def test_mistakes_of_several_files_are_told_together(problems):
    found = problems("a: [", "b: {", "receivers: {otlp: 1, otlp: 2}")
    assert [one.split(":")[0] for one in found] == ["a.yaml", "b.yaml", "c.yaml"]


def test_a_hundred_files_are_enough(configure):
    with pytest.raises(BadSetting, match="more than 100 files"):
        load(Sources(files=("yaml:{}",) * 101), {})


def test_a_configuration_may_come_from_a_variable_or_the_command_line_itself(configure):
    more = "yaml:exporters: {store: {retention: 1d}}"
    config = load(Sources(files=("env:BRIDGE", more)), {"BRIDGE": STORE}).config
    assert (config.api.port, config.retention) == (1002, timedelta(days=1))
    assert config.config_files == ("env:BRIDGE", "--config yaml"), "what may be secret is not named"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("env:NOTHING", "NOTHING is not set"),
        ("https://a/b.yaml", "never fetched"),
        ("file:/no/such", "No such"),
    ],
)
def test_a_configuration_that_is_nowhere_is_named(uri, expected):
    with pytest.raises(BadSetting, match=expected):
        load(Sources(files=(uri,)), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5", "'5' is not a duration, for example 25s or 7d"),
        ("-5s", "'-5s' is less than nothing"),
        ("off", "there must be a limit, for example 25s"),
    ],
)
def test_a_duration_that_cannot_be_off_does_not_offer_it(problems, text, said):
    (problem,) = problems(STORE, sets=[f"service.shutdown_timeout={text!r}"])
    assert problem == f"--set service.shutdown_timeout: service.shutdown_timeout: {said}"


def test_a_list_with_something_wrong_in_it_is_not_called_too_short(problems):
    sets = ["processors.attributes.actions=[{action: insert, key: a}]"]
    (problem,) = problems(STORE, sets=sets)
    assert problem.endswith("processors.attributes.actions[0]: insert needs value or from_attribute")
    (problem,) = problems(STORE, sets=["processors.attributes.actions=[]"])
    assert problem.endswith("processors.attributes.actions: at least 1 is needed")
