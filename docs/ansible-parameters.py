"""Writes ansible-parameters.json: the parameters of Ansible's modules that Labbook has, too.

Run it in a virtual environment with `pip install ansible`:

    python3 docs/ansible-parameters.py
"""

import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).parent
COLLECTIONS = {
    "alternatives": "community.general",
    "htpasswd": "community.general",
    "k8s": "kubernetes.core",
    "locale_gen": "community.general",
    "modprobe": "community.general",
    "timezone": "community.general",
    "ufw": "community.general",
    **dict.fromkeys(["authorized_key", "mount", "synchronize", "sysctl"], "ansible.posix"),
}

# Modules that are not exported yet: the page leaves them out.
OTHERS = """authorized_key blockinfile cron find known_hosts locale_gen modprobe mount package replace service
synchronize tempfile timezone""".split()

index = (HERE.parent / "src/modules/index.ts").read_text()
names = sorted({name for name in re.findall(r"export \{ (\w+)", index)} | {"htpasswd", *OTHERS})
found = {}
for name in names:
    collection = COLLECTIONS.get(name, "community.docker" if name.startswith("docker_") else "ansible.builtin")
    done = subprocess.run(["ansible-doc", "-j", f"{collection}.{name}"], capture_output=True, text=True, check=False)
    doc = json.loads(done.stdout or "{}").get(f"{collection}.{name}", {}).get("doc", {})
    options = [option for option in doc.get("options", {}) if option not in ("free_form", "free-form", "key_value")]
    if options:
        found[f"{collection}.{name}"] = sorted(options)
rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
(HERE / "ansible-parameters.json").write_text("{\n" + rows + "\n}\n")
