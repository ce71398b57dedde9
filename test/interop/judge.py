"""What libtorrent says: reads one JSON job a line, answers one JSON object a line.

{"do": "make", "path": ..., "pieceLength": ..., "kind": "hybrid" | "v1" | "v2", "out": ...}
{"do": "show", "torrent": ...}
{"do": "check", "torrent": ..., "folder": ...}
"""
import json
import os
import sys
import time

import libtorrent as lt

FLAGS = {
    "hybrid": 0,
    "v1": lt.create_torrent.v1_only,
    "v2": lt.create_torrent.v2_only,
}


def hashes(info):
    both = info.info_hashes()
    return {
        "infohashV1": str(both.v1) if both.has_v1() else None,
        "infohashV2": str(both.v2) if both.has_v2() else None,
    }


def make(job):
    files = lt.file_storage()
    lt.add_files(files, job["path"])
    torrent = lt.create_torrent(files, job["pieceLength"], FLAGS[job["kind"]])
    lt.set_piece_hashes(torrent, os.path.dirname(job["path"]))
    encoded = lt.bencode(torrent.generate())
    with open(job["out"], "wb") as out:
        out.write(encoded)
    return hashes(lt.torrent_info(job["out"]))


def show(job):
    info = lt.torrent_info(job["torrent"])
    files = info.files()
    listed = [
        {"path": files.file_path(i), "length": files.file_size(i)}
        for i in range(files.num_files())
        if not files.file_flags(i) & lt.file_storage.flag_pad_file
    ]
    return {**hashes(info), "name": info.name(), "files": listed}


session = lt.session({
    "listen_interfaces": "",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
})


def check(job):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(job["torrent"])
    params.save_path = job["folder"]
    params.flags = lt.torrent_flags.stop_when_ready
    handle = session.add_torrent(params)
    checking = (
        lt.torrent_status.checking_files,
        lt.torrent_status.checking_resume_data,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = handle.status()
        if status.errc.value() != 0 or (status.state not in checking and status.flags & lt.torrent_flags.paused):
            break
        time.sleep(0.005)
    status = handle.status()
    have = [handle.have_piece(i) for i in range(params.ti.num_pieces())]
    session.remove_torrent(handle)
    return {
        "progress": status.progress,
        "bytes": status.total_done,
        "wanted": status.total,
        "badPieces": [i for i, held in enumerate(have) if not held],
        "error": status.errc.message() if status.errc.value() != 0 else None,
    }


DO = {"make": make, "show": show, "check": check}

for line in sys.stdin:
    job = json.loads(line)
    try:
        answer = DO[job["do"]](job)
    except Exception as failure:  # answered, so that a test can expect it
        answer = {"failure": str(failure)}
    print(json.dumps(answer), flush=True)
