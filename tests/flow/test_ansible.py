"""The playbook of workers against this very machine, without systemd: what it installs and
configures is then started by hand and completes a run."""

# ctest: timeout=900

import getpass
import json
import os
import re
import subprocess

import pytest
import yaml
from flow import BIN, ROOT

ANSIBLE = ROOT / "ansible"
ROLE = ANSIBLE / "roles/thumbline_worker"


class Playbook:
    def __init__(self, pipeline):
        self.folder = pipeline.folder / "ansible"
        self.folder.mkdir()
        self.programs = self.folder / "bin"
        self.config = self.folder / "etc/worker.conf"
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "/usr/bin/python3",
            "thumbline_worker_become": False,
            "thumbline_worker_binaries": str(BIN),
            "thumbline_worker_libraries": [],  # this machine has built the programs
            "thumbline_worker_bin_dir": str(self.programs),
            "thumbline_worker_config": str(self.config),
            "thumbline_worker_user": getpass.getuser(),
            "thumbline_worker_manage_user": False,
            "thumbline_worker_manage_service": False,
            "thumbline_worker_ventilators": [pipeline.endpoint("control")],
            "thumbline_worker_output_root": str(pipeline.folder),
            "thumbline_worker_downloads": 5,
            "thumbline_worker_allow_net": ["127.0.0.0/8"],
            "thumbline_worker_options": {"name": "by-ansible", "log-level": "note"},
        }

    def ansible(self, program, *words):
        """Ansible, with its own files in the test's folder."""
        environment = {
            **os.environ,
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
        }
        inventory = self.folder / "inventory.json"
        hosts = {"workers": {"hosts": {"here": self.variables}}}
        inventory.write_text(json.dumps(hosts))
        return subprocess.run(
            [program, "-i", inventory, *words],
            env=environment, cwd=self.folder, capture_output=True, text=True, timeout=600,
        )

    def play(self, *words, **changes):
        self.variables |= changes
        return self.ansible("ansible-playbook", ANSIBLE / "workers.yml", *words)


@pytest.fixture
def playbook(pipeline):
    return Playbook(pipeline)


def changed(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return int(re.search(r"changed=(\d+)", result.stdout)[1])


def test_what_it_installs_is_a_worker_that_works(pipeline, playbook, web):
    assert changed(playbook.play("--check")) > 0
    assert not playbook.programs.exists()
    assert changed(playbook.play()) > 0
    assert changed(playbook.play()) == 0
    sink = pipeline.sink()
    worker = pipeline.launch(
        playbook.programs / "thumbline-worker", "--config", playbook.config
    )
    pipeline.ventilator(web.links(10))
    assert sink.wait_exit() == 0
    assert pipeline.verdicts() == {"done": 10}
    assert pipeline.sql("select distinct worker from result") == [("by-ansible",)]
    worker.terminate()
    assert worker.wait_exit() == 0


def test_a_config_that_the_worker_refuses_does_not_land(playbook):
    assert changed(playbook.play()) > 0
    good = playbook.config.read_text()
    for options in ({"nonesuch": 1}, {"downloads": "many"}):
        result = playbook.play(thumbline_worker_options=options)
        assert result.returncode != 0
        assert next(iter(options)) in result.stdout
        assert playbook.config.read_text() == good


def test_plain_tcp_is_said_in_one_line(playbook):
    result = playbook.play(thumbline_worker_insecure=True)
    assert changed(result) > 0
    assert len([line for line in result.stdout.splitlines() if "--insecure" in line]) == 1
    assert "\ninsecure = yes\n" in playbook.config.read_text()


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"thumbline_worker_ventilators": []}, "thumbline_worker_ventilators"),
        ({"thumbline_worker_binaries": ""}, "thumbline_worker_package"),
        ({"thumbline_worker_package": "both.deb"}, "thumbline_worker_package"),
        ({"thumbline_worker_downloads": "many"}, "thumbline_worker_downloads"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_touched(playbook, changes, says):
    result = playbook.play(**changes)
    assert result.returncode != 0
    assert says in result.stdout
    assert not playbook.programs.exists()


def test_the_example_and_every_file_are_well_formed(playbook):
    example = ANSIBLE / "inventory.example.yml"
    for command in (
        ["ansible-playbook", "--syntax-check", "-i", example, ANSIBLE / "workers.yml"],
        ["yamllint", "-s", "-c", ANSIBLE / ".yamllint", ANSIBLE],
    ):
        result = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stdout + result.stderr


def test_every_variable_is_described_with_its_default():
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    assert defaults.keys() == options.keys()
    for name, option in options.items():
        assert option["description"]
        assert option.get("required") or option["default"] == defaults[name], name


def test_the_unit_is_one_that_systemd_takes(playbook):
    assert changed(playbook.play()) > 0  # systemd looks for the program
    unit = playbook.folder / "thumbline-worker.service"
    template = ROLE / "templates/thumbline-worker.service.j2"
    result = playbook.ansible(
        "ansible", "workers", "-m", "template", "-a", f"src={template} dest={unit}",
        "-e", f"@{ROLE / 'defaults/main.yml'}",
        "-e", json.dumps({"thumbline_worker_bin_dir": str(playbook.programs)}),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for words in (["verify", "--man=no"], ["security", "--offline=true", "--threshold=20"]):
        result = subprocess.run(
            ["systemd-analyze", *words, unit], capture_output=True, text=True, timeout=300
        )
        assert result.returncode == 0, result.stdout[-600:] + result.stderr
