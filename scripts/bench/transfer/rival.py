# The rival's side of a measured transfer: libtorrent over plain TCP, every block hashed, without payment.
#   rival.py send TORRENT FOLDER | receive TORRENT FOLDER ADDRESS...
import sys
import time

import libtorrent as lt

role, torrent, folder, *addresses = sys.argv[1:]
session = lt.session({
    'listen_interfaces': '127.0.0.1:0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'enable_outgoing_utp': False,
    'enable_incoming_utp': False,
    'allow_multiple_connections_per_ip': True,
    'out_enc_policy': 2,
    'in_enc_policy': 2,
    'allowed_enc_level': 3,
    'max_out_request_queue': 2000,
    'max_allowed_in_request_queue': 4000,
    'send_buffer_watermark': 4 * 2**20,
    'unchoke_slots_limit': -1,
    'alert_mask': 0,
})
params = {'ti': lt.torrent_info(torrent), 'save_path': folder}
if role == 'send':
    handle = session.add_torrent(params)
    while not handle.status().is_seeding:
        time.sleep(0.01)
    print(f'127.0.0.1:{session.listen_port()}', flush=True)
    sys.stdin.read()
else:
    print('ready', flush=True)
    sys.stdin.readline()
    handle = session.add_torrent(params)
    for address in addresses:
        host, port = address.rsplit(':', 1)
        handle.connect_peer((host, int(port)))
    while not handle.status().is_seeding:
        time.sleep(0.002)
    print('done', flush=True)
    sys.stdin.read()
