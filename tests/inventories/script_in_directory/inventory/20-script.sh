#!/bin/sh
echo '{"etcd": {"hosts": ["n2", "n1"], "vars": {"g": "script"}}, "_meta": {"hostvars": {"n1": {"both": "script"}}}}'
