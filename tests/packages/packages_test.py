# SPDX-License-Identifier: Apache-2.0
"""The Debian packages of a build: made, looked into, unpacked, and held against lintian, systemd-analyze and man.

CAUSEWAY_BUILD   the build's folder, whose target `packaged` is built; default build/release
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CAUSEWAY_BUILD", ROOT / "build/release"))
CPACK = os.environ.get("CAUSEWAY_CPACK", "cpack")
PACKAGES = ("causeway", "causeway-emulator")
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
PLAIN = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100"}


def run(*command, **options):
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, env=PLAIN, **options)


class packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.umask(0o022)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="causeway-packages-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        made = run(CPACK, "-G", "DEB", "-B", cls.folder, cwd=BUILD)
        if made.returncode:
            raise AssertionError(made.stdout + made.stderr)
        cls.files = {name: next(cls.folder.glob(f"{name}_*.deb")) for name in PACKAGES}
        cls.root = cls.folder / "root"
        for file in cls.files.values():
            subprocess.run(["dpkg-deb", "-x", file, cls.root], check=True)

    def run_well(self, *command, **options):
        done = run(*command, **options)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done

    def modes(self, package):
        """What is in a package: {path: how ls shows its mode and owner}."""
        lines = self.run_well("dpkg-deb", "-c", self.files[package]).stdout.splitlines()
        return {line.split(maxsplit=5)[5].removeprefix("."): " ".join(line.split()[:2]) for line in lines}

    def test_there_is_what_an_installation_needs_with_the_right_modes(self):
        found = self.modes("causeway")
        for path, mode in {"/usr/bin/causeway": "-rwxr-xr-x root/root", "/usr/lib/causeway/causeway-transform": "-rwxr-xr-x root/root",
                           "/usr/lib/systemd/system/causeway.service": "-rw-r--r-- root/root",
                           "/usr/lib/systemd/system/causeway.socket": "-rw-r--r-- root/root",
                           "/usr/share/man/man1/causeway.1.gz": "-rw-r--r-- root/root",
                           "/usr/share/bash-completion/completions/causeway": "-rw-r--r-- root/root",
                           "/usr/share/zsh/vendor-completions/_causeway": "-rw-r--r-- root/root",
                           "/usr/share/doc/causeway/examples/six-devices.toml": "-rw-r--r-- root/root",
                           "/usr/share/doc/causeway/examples/dps-fleet.toml": "-rw-r--r-- root/root",
                           "/usr/share/doc/causeway/examples/operator.toml": "-rw-r--r-- root/root",
                           "/etc/causeway/": "drwxr-xr-x root/root", "/etc/causeway/secrets/": "drwx------ root/root"}.items():
            self.assertEqual(found.get(path), mode, path)
        self.assertEqual([path for path in found if path.startswith("/etc") and not path.endswith("/")], [], "an operator's files are no package's")
        self.assertIn("/usr/bin/causeway-emulator", self.modes("causeway-emulator"))

    def test_one_version_is_said_everywhere(self):
        version = re.search(r"^project\(causeway VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"), re.M)[1]
        for name, file in self.files.items():
            self.assertEqual(self.run_well("dpkg-deb", "-f", file, "Version").stdout.strip(), version + "-1")
            said = self.run_well(self.root / "usr/bin" / name, "--version").stdout
            self.assertEqual(said.splitlines()[0], f"{name} {version}")

    def test_what_is_linked_is_what_is_depended_on(self):
        depends = self.run_well("dpkg-deb", "-f", self.files["causeway"], "Depends").stdout
        for library in ("libc6", "libqpid-proton", "libsqlite3-0", "libssl3", "libjq1", "libboost-json1."):
            self.assertIn(library, depends)

    def test_lintian_finds_no_error(self):
        self.run_well("lintian", "--allow-root", "--fail-on", "error", *self.files.values())

    def unit_files(self):
        """Where they lie, with the program as it lies unpacked, so that it is found."""
        units = self.folder / "units"
        shutil.copytree(self.root / "usr/lib/systemd/system", units, dirs_exist_ok=True)
        service = units / "causeway.service"
        text = service.read_text(encoding="utf-8")
        service.write_text(text.replace("ExecStart=/usr", f"ExecStart={self.root}/usr"), encoding="utf-8")
        return units

    def test_the_units_are_in_order_and_the_sandbox_is_tight(self):
        units = self.unit_files()
        verified = self.run_well("systemd-analyze", "verify", "--man=no", units / "causeway.service", units / "causeway.socket")
        self.assertEqual([line for line in verified.stderr.splitlines() if "causeway" in line], [])
        judged = self.run_well("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", units / "causeway.service")
        self.assertLessEqual(float(re.search(r"exposure level for causeway.service: ([\d.]+)", judged.stdout)[1]), 2.0)
        service = (units / "causeway.service").read_text(encoding="utf-8")
        for line in ("Type=notify", "WatchdogSec=30s", "Restart=on-failure", "DynamicUser=yes", "StateDirectory=causeway"):
            self.assertIn("\n" + line + "\n", service)
        self.assertIn("\nFileDescriptorName=webhook\n", (units / "causeway.socket").read_text(encoding="utf-8"))

    def commands(self, *path):
        """The commands below one, as the program's own help names them."""
        text = self.run_well(self.root / "usr/bin/causeway", *path, "--help").stdout
        return re.findall(r"^  (\S+)  ", text.split("Subcommands:\n")[1], re.M) if "Subcommands:\n" in text else []

    def test_the_manual_pages_render_and_have_every_command(self):
        pages = {}
        for name in PACKAGES:
            page = self.root / f"usr/share/man/man1/{name}.1.gz"
            rendered = self.run_well("man", "--warnings", "-E", "UTF-8", "-l", page)
            self.assertEqual(rendered.stderr, "")
            pages[name] = rendered.stdout
        top = self.commands()
        self.assertIn("run", top)
        for verb in top:
            self.assertRegex(pages["causeway"], rf"(?m)^ +causeway {verb}$")
            for below in self.commands(verb):
                self.assertRegex(pages["causeway"], rf"(?m)^ +causeway {verb} {below}$")
        self.assertIn("--hub-port", pages["causeway-emulator"])

    def completed(self, *words):
        file = self.root / "usr/share/bash-completion/completions/causeway"
        script = f'set -eu; source "{file}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _causeway; printf "%s\\n" "${{COMPREPLY[@]}}"'
        return self.run_well("bash", "-c", script, "bash", "causeway", *words).stdout.split()

    def test_bash_completes_commands_and_options(self):
        self.assertEqual(set(self.commands()) - set(self.completed("")), set())
        self.assertEqual(self.completed("dev"), ["devices"])
        self.assertEqual(set(self.commands("dead-letters")) - set(self.completed("dead-letters", "")), set())
        self.assertEqual(self.completed("devices", "waterfall", "--al"), ["--all"])
        self.assertEqual(self.completed("run", "--conf"), ["--config"])

    def test_the_examples_can_be_used_as_they_are_with_their_secrets_as_credentials(self):
        secrets = self.folder / "secrets"
        secrets.mkdir()
        self.run_well("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-days", "90",
                      "-addext", "subjectAltName=DNS:gateway.example.com", "-keyout", secrets / "privkey.pem", "-out", secrets / "fullchain.pem")
        examples = sorted((ROOT / "packaging/examples").glob("*.toml"))
        self.assertEqual(len(examples), 3)
        for file in examples:
            for name in re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/([\w-]+)\"", file.read_text(encoding="utf-8")):
                one = secrets / name
                one.touch(0o600)
                one.write_text(KEY if name.endswith("group-key")
                               else f"HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey={KEY}" if name.endswith("hub")
                               else "a-word", encoding="utf-8")
            checked = subprocess.run([self.root / "usr/bin/causeway", "check", "--offline", "-c", file], capture_output=True, text=True,
                                     env={**PLAIN, "CREDENTIALS_DIRECTORY": str(secrets)})
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_program_of_transforms_is_found_where_it_is_installed(self):
        file = self.folder / "jq.toml"
        file.write_text(f'[webhook]\nlisten = "127.0.0.1:8443"\npassword_env = "WORD"\n[azure.a]\nconnection_string_env = "HUB"\n'
                        '[[application]]\nid = "my-application"\nazure = "a"\ntransform = ".nonsense("\n', encoding="utf-8")
        environment = {**PLAIN, "WORD": "a-word", "HUB": f"HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey={KEY}"}
        checked = subprocess.run([self.root / "usr/bin/causeway", "check", "--offline", "-c", file], capture_output=True, text=True, env=environment)
        self.assertEqual(checked.returncode, 2, checked.stderr)
        self.assertIn("syntax error", checked.stderr)
        file.write_text(file.read_text(encoding="utf-8").replace(".nonsense(", "."), encoding="utf-8")
        self.assertEqual(subprocess.run([self.root / "usr/bin/causeway", "check", "--offline", "-c", file], env=environment).returncode, 0)


if __name__ == "__main__":
    unittest.main()
