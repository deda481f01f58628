# SPDX-License-Identifier: Apache-2.0
"""The webhook's certificate: its end, its chain, its names, its key's pass phrase, in `check`, in the log and in /metrics."""
import datetime
import subprocess
import unittest

from harness import integration_test, wait_until


class certificate(integration_test):
    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.directory,
                       stdin=subprocess.DEVNULL)

    def make(self, name, start=-10, days=90, san="DNS:gateway.example", issuer="authority"):
        """NAME.pem and NAME.key, signed by the authority or the one named; valid from and for so many days."""
        if not (self.directory / "authority.pem").exists():
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 900, "-subj", "/CN=authority",
                         "-keyout", "authority.key", "-out", "authority.pem")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        extensions = self.directory / f"{name}.cnf"
        extensions.write_text((f"subjectAltName={san}\n" if san else "") +
                              ("basicConstraints=critical,CA:TRUE\n" if name == "intermediate" else "extendedKeyUsage=serverAuth\n"))
        database = self.directory / f"{name}-ca"
        database.mkdir()
        (database / "index").touch()
        (database / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=a\n[a]\ndatabase={database}/index\nrand_serial=yes\nnew_certs_dir={database}\ndefault_md=sha256\n"
            "policy=p\n[p]\ncommonName=supplied\n")
        begin = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=start)
        end = begin + datetime.timedelta(days=days)
        self.openssl("ca", "-batch", "-notext", "-config", database / "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem",
                     "-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key", "-extfile", extensions,
                     "-startdate", begin.strftime("%Y%m%d%H%M%SZ"), "-enddate", end.strftime("%Y%m%d%H%M%SZ"))
        return end.timestamp()

    def serve(self, certificate, key):
        text = self.good.replace("[webhook]\n", f'[webhook]\ntls_certificate = "{self.directory / certificate}"\n'
                                                f'tls_key = "{self.directory / key}"\n')
        self.configuration.write_text(text, encoding="utf-8")

    def setUp(self):
        super().setUp()
        self.hub = self.emulator()
        self.good = self.configuration.read_text(encoding="utf-8")

    def check(self, code):
        ended = self.run_causeway("check", "--offline", "-c", str(self.configuration))
        self.assertEqual(ended.returncode, code, ended.stderr)
        return ended.stderr

    def test_one_that_has_ended_or_not_begun_is_refused_by_check_and_told_of_by_run(self):
        self.make("ended", start=-90, days=89)
        self.make("early", start=2)
        for name, words in (("ended", "has ended"), ("early", "not valid before")):
            self.serve(f"{name}.pem", f"{name}.key")
            told = self.check(2)
            self.assertRegex(told, r"c\.toml:\d+:19: certificate_expired: .*" + words)
        self.serve("ended.pem", "ended.key")
        gateway = self.gateway().start()
        gateway.wait_for_log("webhook_certificate_expired", level="error")
        self.assertEqual(gateway.stop(), 0)

    def test_one_that_ends_soon_is_warned_of_and_its_end_is_a_metric(self):
        end = self.make("soon", start=-80, days=90)
        (self.directory / "chain.pem").write_text((self.directory / "soon.pem").read_text() +
                                                  (self.directory / "authority.pem").read_text())
        self.serve("chain.pem", "soon.key")
        told = self.check(0)
        self.assertRegex(told, r"c\.toml:\d+:19: warning: .*ends in 9 day\(s\)")
        self.assertEqual(len(told.splitlines()), 1, told)
        gateway = self.gateway().start()
        gateway.wait_for_log("webhook_certificate_ends", level="warning")
        metrics = wait_until(gateway.metrics, "the metrics")
        self.assertLess(abs(metrics['causeway_certificate_end_seconds{certificate="webhook"}'] - end), 2)
        self.assertEqual(gateway.stop(), 0)

    def test_a_chain_without_its_intermediate_and_a_certificate_without_names_are_warned_of(self):
        self.make("intermediate", days=400)
        self.make("leaf", issuer="intermediate")
        self.make("nameless", san=None)
        self.serve("leaf.pem", "leaf.key")
        self.assertIn("put the intermediate certificates behind it", self.check(0))
        whole = "".join((self.directory / f"{name}.pem").read_text() for name in ("leaf", "intermediate", "authority"))
        (self.directory / "whole.pem").write_text(whole)
        self.serve("whole.pem", "leaf.key")
        self.assertEqual(self.check(0), "")
        self.serve("nameless.pem", "nameless.key")
        self.assertIn("no subject alternative name", self.check(0))

    def test_a_key_with_a_pass_phrase_and_one_of_another_certificate_are_refused_at_once(self):
        self.make("leaf")
        self.make("other")
        self.openssl("pkey", "-in", "leaf.key", "-aes128", "-passout", "pass:phrase", "-out", "locked.key")
        self.serve("leaf.pem", "locked.key")
        told = self.check(2)
        self.assertRegex(told, r"c\.toml:\d+:11: certificate_unusable: .*locked\.key: has a pass phrase")
        run = self.run_causeway("run", "-c", str(self.configuration))
        self.assertEqual(run.returncode, 2)
        self.assertIn("has a pass phrase", run.stderr)
        self.serve("leaf.pem", "other.key")
        self.assertRegex(self.check(2), r"certificate_unusable: .*other\.key: not the key of .*leaf\.pem")


if __name__ == "__main__":
    unittest.main()
