# Runs on a host whose programs and certificates have been copied; what is before these lines
# writes /etc/etcd.env and the unit. Leaves etcd enabled and stopped.
useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin etcd
chown -R root:root /usr/local/bin
chmod 0755 /usr/local/bin/*
chown -R etcd:root /etc/ssl/etcd
chmod 0700 /etc/ssl/etcd /etc/ssl/etcd/ssl
chmod 0640 /etc/ssl/etcd/ssl/* /etc/etcd.env
install -d -o etcd -g root -m 0700 /var/lib/etcd
systemctl daemon-reload
systemctl --quiet enable etcd
