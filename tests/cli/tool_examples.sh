#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docs/OPERATIONS.md gives for nodes: the units, the DaemonSet and the Job, Ansible
# and Packer.
# Each is checked by its own judge, and the command lines in it run, on a node with the C
# library and gpg of Debian 11.
# long
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq unshare ip nginx openssl curl systemd-analyze ansible-playbook packer xmllint
[ "${OUT##*/}" = san ] && skip "the static file is built without sanitizers"
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"
/usr/bin/python3 -c 'import kubernetes' 2>/dev/null || need python3-kubernetes
examples=$TOP/docs/examples
if [ -z "${OWN_NODE-}" ]; then # before the network is gone
	"$TOP/.ci/bullseye" "$TOP/build/bullseye" 2>why || skip "$(tail -n 1 why)"
	static_tool build/tests/stand-in/static/fips-tool
	judges
fi
own_node "$0"
become_node

step "a published tree behind https://manifests.example, and a node that knows its root"
cp -a "$TOP/build/bullseye" root
node_root root
mkdir -p root/{dev,proc,tmp} root/usr/local/bin root/etc/{fips-manifest,pki/tls/certs} \
	root/var/lib/{fips-tool,node_exporter/textfile}
cp "$TOP/build/tests/stand-in/static/fips-tool" root/usr/local/bin/
cp /bin/true root/usr/bin/kubelet
mount --rbind /dev root/dev && mount --rbind /proc root/proc || fail "cannot mount"
new_key alice
component root kubelet required /usr/bin/kubelet | manifest manifest-el8-x86_64.json
sign manifest-el8-x86_64.json alice
export FIPS_MANIFEST_STORE=$PWD/s.db
echo a-passphrase >pass
expect 0 fips-manifest init --quiet --passphrase-fd 3 3<pass
expect 0 fips-manifest key add alice.asc
expect 0 fips-manifest add manifest-el8-x86_64.json.asc
expect 0 fips-manifest publish --passphrase-fd 3 3<pass
expect 0 fips-manifest export tree
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=manifests.example -days 30 \
	-addext subjectAltName=DNS:manifests.example -keyout tls.key \
	-out root/etc/pki/tls/certs/ca-bundle.crt 2>/dev/null || fail "no certificate"
mkdir nginx
cat >nginx.conf <<-END
	daemon off; master_process off; pid $PWD/nginx/pid; error_log stderr;
	events {}
	http {
		access_log off; client_body_temp_path nginx/b; proxy_temp_path nginx/p;
		fastcgi_temp_path nginx/f; uwsgi_temp_path nginx/u; scgi_temp_path nginx/s;
		server {
			listen 127.0.0.1:443 ssl; root $PWD/tree;
			ssl_certificate $PWD/root/etc/pki/tls/certs/ca-bundle.crt;
			ssl_certificate_key $PWD/tls.key;
		}
	}
END
background nginx.log nginx -p "$PWD" -c nginx.conf
up() { curl -sfk https://127.0.0.1/index.json; }
wait_for 60 up || fail "$(cat nginx.log)"
echo '127.0.0.1 manifests.example' >root/etc/hosts
cp tree/metadata/1.root.json root/etc/fips-manifest/root.json
expect 0 chroot root fips-tool --trust /etc/fips-manifest/root.json \
	--server https://manifests.example --kubernetes v1.21.3
says "pass: " out
prom=root/var/lib/node_exporter/textfile/fips.prom
is_pass() { grep -qx 'fips_tool_verdict{verdict="pass"} 1' $prom; }

step "systemd"
cp "$examples"/fips-tool.{service,timer} .
sed -i "s,/usr/local/bin/fips-tool,$PWD/root&," fips-tool.service
systemd-analyze verify ./fips-tool.service ./fips-tool.timer 2>verified
grep -F fips-tool verified && fail "systemd does not take the units"
# words as systemd splits them: there are neither quotes nor variables in it
read -ra start <<<"$(sed -n '/^ExecStart=/,/[^\\]$/p' "$examples/fips-tool.service" | tr -d '\\' | tr '\n' ' ')"
expect 0 chroot root "${start[@]#ExecStart=}"
is_pass || fail "$(cat $prom)"
jq -e '.verdict == "pass" and .node.live' root/var/lib/fips-tool/report.json >/dev/null || fail "no report"
cp /bin/false root/usr/bin/kubelet
expect 1 chroot root "${start[@]#ExecStart=}" # the unit fails, the report says why
jq -e '.verdict == "fail"' root/var/lib/fips-tool/report.json >/dev/null || fail "no report of the failure"
cp /bin/true root/usr/bin/kubelet
rm $prom

step "Kubernetes"
cat >pod.py <<'END'
import json, shlex, sys, yaml, kubernetes.client as k8s
with open(sys.argv[1]) as f:
    text = yaml.safe_load(f)
class Response:
    data = json.dumps(text)
api = k8s.ApiClient()
made = api.deserialize(Response, "V1" + text["kind"])  # refuses what is missing
kept = api.sanitize_for_serialization(made)  # without what the API does not know
assert kept == text, f"not all of it is Kubernetes':\n{text}\n{kept}"
pod = made.spec.template.spec
if text["kind"] == "DaemonSet":
    assert made.spec.selector.match_labels == made.spec.template.metadata.labels
else:
    assert pod.restart_policy == "Never"
assert {m.name for m in pod.containers[0].volume_mounts} == {v.name for v in pod.volumes}
with open("command.sh", "w") as f:
    f.write(shlex.join(pod.containers[0].command))
END
pod() { # pod FILE: taken by both judges; command.sh runs what the pod does, in this root
	judge kubernetes.mjs "$1" && /usr/bin/python3 pod.py "$1" &&
		sed -i "s,chroot /host ,chroot $PWD/root ," command.sh
}
for kind in daemonset job; do
	expect 0 pod "$examples/fips-tool-$kind.yaml"
	for broken in 's/hostPID/hostPid/' '/^apiVersion/s/v1/v0/' 's/mountPath/path/' \
		's/privileged: true/privileged: "yes"/' '/containers:/,/image:/d'; do
		sed "$broken" "$examples/fips-tool-$kind.yaml" >broken.yaml
		pod broken.yaml >out 2>err && fail "$broken is not found"
	done
done
pod "$examples/fips-tool-daemonset.yaml"
background pod.log sh command.sh
wait_for 60 is_pass || fail "$(cat pod.log)"
kill "$PID"
pod "$examples/fips-tool-job.yaml"
rm root/var/lib/fips-tool/report.json
expect 0 sh command.sh
jq -e '.verdict == "pass" and .node.live' root/var/lib/fips-tool/report.json >/dev/null || fail "no report"
cp /bin/false root/usr/bin/kubelet
expect 1 sh command.sh # the pod fails and says why
says "differs in content" out
[ "$(wc -c <out)" -lt 2048 ] || fail "more than Kubernetes keeps of it"
cp /bin/true root/usr/bin/kubelet

step "Ansible and Packer: an image before it ships"
umount -l root/proc root/dev
cp -a root image
export LC_ALL=C.UTF-8 ANSIBLE_HOME=$PWD/ansible ANSIBLE_LOCAL_TEMP=$PWD/ansible ANSIBLE_NOCOLOR=1 \
	PACKER_CONFIG_DIR=$PWD PACKER_CACHE_DIR=$PWD/packer CHECKPOINT_DISABLE=1
sed "s,\"fips-tool\",\"$BIN/fips-tool\"\, \"--keyring\"\, \"$PWD/alice.asc\"," "$examples/fips-image.yaml" >fips-image.yaml
sed "s,fips-tool --quiet,$BIN/fips-tool --keyring $PWD/alice.asc --quiet," "$examples/fips-image.pkr.hcl" >fips-image.pkr.hcl
ansible() {
	ansible-playbook -i localhost, -e image="$PWD/image" -e manifest="$PWD/manifest-el8-x86_64.json.asc" \
		"$@" fips-image.yaml
}
pack() { packer build -var image="$PWD/image" -var manifest="$PWD/manifest-el8-x86_64.json.asc" fips-image.pkr.hcl; }
for build in ansible pack; do
	rm -f image.fips.xml
	expect 0 $build
	xmllint --noout image.fips.xml || fail "no report of $build"
	cp /bin/false image/usr/bin/kubelet
	$build >out 2>&1 && fail "$build does not stop"
	says "fail: " out
	grep -q '<failure' image.fips.xml || fail "no report of the failure"
	cp /bin/true image/usr/bin/kubelet
done
ansible -e '{"archives": ["none.tar"]}' >out 2>&1 && fail "a missing archive is taken"
says "none.tar" out
