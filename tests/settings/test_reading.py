"""Settings: where values come from, what wins, and what is said of those that will not do."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from composer import places
from composer.bundled import CONFIGS
from composer.cli import main
from composer.configuration import Configuration, in_force, to_toml
from composer.errors import OptionError
from composer.models import PRESETS
from composer.settings import (
    as_environment,
    effective,
    overridden,
    read,
    read_as,
    split_overrides,
    stray_variables,
)
from composer.settings.sections import Settings, table
from composer.training import TrainOptions


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that commands run in; nothing is set yet."""
    monkeypatch.chdir(tmp_path)
    for leaf in table(Configuration).values():
        monkeypatch.delenv(leaf.variable, raising=False)
    for name in ("SPACE_ID", "SPACES_ZERO_GPU", "COMPOSER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def origins() -> dict[str, str]:
    return {one.path: one.origin for one in effective()}


def test_the_command_line_wins_over_the_environment_over_named_files_over_composer_toml(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "[page]\nport = 1\nconcurrency = 1\nfiles_mb = 1\ncalls_per_minute = 1\n"
    (folder / "composer.toml").write_text(rows)
    (folder / "mine.toml").write_text("[page]\nport = 2\nconcurrency = 2\nfiles_mb = 2\n")
    monkeypatch.setenv("PORT", "3")
    monkeypatch.setenv("COMPOSER_CONCURRENCY", "3")
    with overridden({"page.port": "4", "config": "mine.toml"}):
        page, found = read().page, origins()
    assert (page.port, page.concurrency, page.files_mb, page.calls_per_minute) == (4, 3, 2, 1)
    assert found["page.port"] == "command line"
    assert found["page.concurrency"] == "environment COMPOSER_CONCURRENCY"
    assert found["page.files_mb"] == "mine.toml"
    assert found["page.calls_per_minute"] == "composer.toml"
    assert found["page.mcp"] == "default"


def test_after_the_block_the_command_line_is_forgotten() -> None:
    with overridden({"page.port": "4"}):
        assert read().page.port == 4
    assert read().page.port == 7860


def test_a_file_that_changes_is_read_again(folder: Path) -> None:
    for port in (1, 22):
        (folder / "composer.toml").write_text(f"[page]\nport = {port}\n")
        assert read().page.port == port


def test_of_several_named_files_the_last_one_wins(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mine.toml").write_text('[engine]\ndevice = "cuda:1"\n')
    monkeypatch.setenv("COMPOSER_CONFIG", "gpu, mine.toml")
    assert (read().engine.device, read().engine.runtime) == ("cuda:1", "torch")
    assert origins()["engine.runtime"] == "configs/gpu.toml"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("page.prot", "page.port"),
        ("paeg.port", "page.port"),
        ("engine.port", "page.port"),
        ("page", "page.pwa"),
        ("trainin.rate", "training.rate"),
        ("sound.fount", "sound.soundfont"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(given: str, hint: str) -> None:
    with (
        overridden({given: "1"}),
        pytest.raises(OptionError, match=f"no setting `{given}`; did you mean `{hint}`"),
    ):
        read()


def test_a_name_like_no_other_is_refused(folder: Path) -> None:
    (folder / "composer.toml").write_text("[kitchen]\nsink = 1\n")
    with pytest.raises(OptionError, match=r"no setting `kitchen.sink` in composer.toml; `composer"):
        read()


@pytest.mark.parametrize(
    ("variable", "texts", "wanted"),
    [
        ("PORT", ("0", "65536", "-1", "http", "7860.5"), "a whole number from 1 to 65535"),
        ("COMPOSER_WORKERS", ("0", "65", "two", "1.5", "-1"), "a whole number from 1 to 64"),
        ("COMPOSER_CONCURRENCY", ("0", "-1", "many", "65"), "a whole number from 1 to 64"),
        ("COMPOSER_CALLS_PER_MINUTE", ("-1", "x", "100001"), "a whole number from 0 to 100000"),
        ("COMPOSER_FILES_MB", ("0", "-1", "1000001"), "a whole number from 1 to 1000000"),
        ("COMPOSER_MCP", ("2", "maybe"), "0 or 1"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_the_name_that_was_used(
    variable: str, texts: tuple[str, ...], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in texts:
        monkeypatch.setenv(variable, text)
        with pytest.raises(OptionError) as refused:
            read()
        assert str(refused.value) == f"{variable} must be {wanted}, got {text!r}"


def test_a_value_of_a_file_is_refused_with_the_file(folder: Path) -> None:
    (folder / "composer.toml").write_text('[page]\nport = "http"\n')
    with pytest.raises(OptionError, match="`page.port` in composer.toml must be a whole number"):
        read()


@pytest.mark.parametrize("text", ["[page", "port = ", "\x00"])
def test_a_file_that_is_no_toml_is_refused(folder: Path, text: str) -> None:
    (folder / "composer.toml").write_text(text)
    with pytest.raises(OptionError, match=r"composer.toml cannot be read as TOML"):
        read()


def test_a_named_file_that_is_missing_is_refused_with_those_that_are_there() -> None:
    with overridden({"config": "gqu"}), pytest.raises(OptionError, match="base, gpu, public"):
        read()


def test_what_is_empty_in_the_environment_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSER_WORKERS", "")
    assert read().engine.workers >= 1
    assert origins()["engine.workers"] == "default"


def test_a_space_serves_all_addresses_and_may_lend_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (read().page.host, places.device()) == ("127.0.0.1", "cpu")
    monkeypatch.setenv("SPACE_ID", "someone/composer")
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert (read().page.host, places.device()) == ("0.0.0.0", "cuda")


def test_a_process_of_ours_gets_all_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with overridden({"engine.workers": "3", "page.mcp": "true", "studies.key": "open"}):
        given = as_environment()
    assert given == {"COMPOSER_WORKERS": "3", "COMPOSER_MCP": "1", "COMPOSER_STUDY_KEY": "open"}
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    assert (read().engine.workers, read().page.mcp) == (3, True)


def test_overrides_are_told_from_other_arguments() -> None:
    rest, given = split_overrides(
        ["train", "--favour", "chorale=4", "training.rate=1e-3", "--out", "runs/a.b", "config=gpu"]
    )
    assert rest == ["train", "--favour", "chorale=4", "--out", "runs/a.b"]
    assert given == {"training.rate": "1e-3", "config": "gpu"}


def test_a_variable_that_is_nearly_a_setting_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSER_CHEKPOINT", "x")
    monkeypatch.setenv("COMPOSER_HOME", "PHP")
    assert stray_variables() == {"COMPOSER_CHEKPOINT": "COMPOSER_CHECKPOINT"}


def test_every_setting_has_a_variable_of_its_own_and_those_of_the_page_say_what_they_are() -> None:
    variables = [leaf.variable for leaf in table(Configuration).values()]
    assert len(variables) == len(set(variables))
    assert all(leaf.text for leaf in table(Settings).values())


# -- training


def test_settings_of_training_are_those_of_a_run() -> None:
    assert read_as(Configuration).train_options() == TrainOptions()
    given = {"training.rate": "1e-3", "model.width": "512", "training.sampling.max_rows": "64"}
    with overridden(given):
        how = read_as(Configuration).train_options(max_rows=32, seed=9)
    assert (how.rate, how.seed, how.sampling.max_rows) == (1e-3, 9, 32)
    assert (how.config.width, how.config.layers) == (512, PRESETS["small"].layers)


@pytest.mark.parametrize(
    ("settings", "options", "lengths"),
    [
        ({}, {}, (120.0, 0.0, 0)),
        ({}, {"steps": 5}, (0, 0, 5)),
        ({"training.steps": "5"}, {}, (0, 0, 5)),
        ({"training.steps": "5"}, {"minutes": 2.0}, (2.0, 0, 0)),
        ({"training.minutes": "3", "training.steps": "5"}, {}, (3.0, 0, 5)),
    ],
)
def test_a_run_has_the_length_that_was_asked_for_last(
    settings: dict[str, str], options: dict[str, float], lengths: tuple[float, float, int]
) -> None:
    with overridden(settings):
        how = read_as(Configuration).train_options(**options)
    assert (how.minutes, how.core_minutes, how.steps) == lengths


@pytest.mark.parametrize(
    "given", [{"training.averaging": "2"}, {"training.preset": "huge"}, {"model.heads": "3"}]
)
def test_what_no_run_can_have_is_refused(given: dict[str, str]) -> None:
    with overridden(given), pytest.raises(OptionError):
        _ = read_as(Configuration).train_options().config


def test_what_config_prints_gives_the_same_settings_when_it_is_read(folder: Path) -> None:
    given = {"training.rate": "0.002", "page.host": 'a"b', "model.layers": "3", "config": "gpu"}
    with overridden(given):
        printed, before = to_toml(in_force()), read_as(Configuration)
    (folder / "composer.toml").write_text(printed)
    after = read_as(Configuration)
    assert after.train_options().config == before.train_options().config
    assert (after.training, after.page, after.engine) == (
        before.training,
        before.page,
        before.engine,
    )


def test_every_kind_of_model_has_its_own_shape_in_what_is_printed() -> None:
    with overridden({"training.model": "xlstm", "model.chunk": "32"}):
        shape = {one.path: one.value for one in in_force() if one.path.startswith("model.")}
        config = read_as(Configuration).train_options().config
    assert shape == {f"model.{name}": value for name, value in config.to_dict().items()}
    assert shape["model.chunk"] == 32
    assert "model.layers" not in shape


def test_the_command_prints_values_and_where_they_come_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_STUDY_KEY", "secret")
    assert main(["config", "model.width=512"]) == 0
    printed = capsys.readouterr().out
    assert "width = 512  # command line\n" in printed
    assert "layers = 6  # preset small\n" in printed
    assert "secret" not in printed
    assert main(["config", "training.rat=1"]) == 2
    assert "did you mean `training.rate`?" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_bundled_file_is_read_and_says_what_it_is_for(path: Path) -> None:
    assert path.read_text().startswith("# ")
    with overridden({"config": path.stem}):
        how = read_as(Configuration).train_options()
    if "model" in tomllib.loads(path.read_text()):
        assert how.preset == path.stem and how.config == PRESETS[path.stem]
