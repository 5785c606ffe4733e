"""store_rest.py - writes to the store over HTTP, of a node that signs them: a part of store.py."""
import json
import os

from network import run, wait_for


def signing(network):
    """One node signs what is written over HTTP, under one prefix."""
    node = network.groups["cell1"][2]
    token = os.path.join(node.folder, "rest.token")
    with open(token, "w", encoding="ascii") as file:
        os.chmod(token, 0o600)
        file.write("5a" * 32 + "\n")
    key = os.path.join(network.folder, "devices", "cell1-home01.key")
    node.settings = [f"store.key={key}", f"store.token={token}", "store.prefix=rest/"]
    return node


def over_rest(check, network, shop):
    """What curl would do."""
    node, other = network.groups["cell1"][2], network.groups["cell1"][0]
    token = {"Authorization": "Bearer " + "5a" * 32}

    def ask(method, path, body=None, to=node, **headers):
        status, answer = to.http(method, "/v1/store/" + path, body,
                                 {**token, **{k.replace("_", "-"): v for k, v in headers.items()}})
        return status, json.loads(answer)

    status, answer = node.http("PUT", "/v1/store/keys/rest/a", b"1")
    check(status == 401, "a put without the node's token is refused", answer)
    status, said = ask("PUT", "keys/rest/a", b"1", other)
    check(status == 403 and "signs for nobody" in said["detail"], "so is one at a node that signs "
          "for nobody", said)
    status, said = ask("PUT", "keys/else", b"1")
    check(status == 403 and "rest/" in said["detail"], "and one of another prefix", said)
    status, first = ask("PUT", "keys/rest/a", b"one", Idempotency_Key="a-1")
    check(status == 200 and shop.say("get", "rest/a")[1].find('"value":"one"') > 0,
          "a put is there, at every node", first)
    again = ask("PUT", "keys/rest/a", b"one", Idempotency_Key="a-1")
    check(again == (200, first) and json.loads(shop.say("get", "rest/a")[1])["version"] == 1,
          "sent again under its name, it is the same one", again)
    code, _, errors = run("receipt", first["id"], "-o", os.path.join(network.folder, "proof"),
                          "--node", shop.cell)
    check(code == 0, "and has a receipt", errors)
    status, said = ask("PUT", f"keys/rest/a?if_mod={first['revision'] + 1}", b"two")
    check(status == 412 and str(first["revision"]) in said["detail"],
          "a condition that does not hold is told", said)
    check(ask("PUT", f"keys/rest/a?if_mod={first['revision']}", b"two")[0] == 200 and
          ask("PUT", "keys/rest/a?if_mod=0", b"three")[0] == 412, "compare and swap")
    status, said = ask("POST", "txn", b"if rest/a value = two\nthen put rest/b 1\n"
                       b"then delete rest/a\n")
    check(status == 200 and said["succeeded"] and shop.say("get", "rest/a")[0] == 3,
          "a transaction", said)
    check(ask("DELETE", "keys/rest/b")[0] == 200 and ask("DELETE", "keys/rest/b")[0] == 404,
          "a key is deleted once")
    lease = ask("POST", "leases?ttl_s=60")[1]["lease"]
    ask("PUT", f"keys/rest/alive?lease={lease}", b"x")
    status, said = ask("GET", f"leases/{lease}")
    check(status == 200 and said["keys"] == 1 and ask("POST", f"leases/{lease}")[0] == 200,
          "a lease is granted, looked at and kept alive", said)
    check(ask("DELETE", f"leases/{lease}")[0] == 200 and ask("GET", f"leases/{lease}")[0] == 404
          and shop.say("get", "rest/alive")[0] == 3, "and revoked, with its key")
    shop.rule("own", "rest/mine/", "operator")
    status, said = ask("PUT", "keys/rest/mine/a", b"x")
    check(status == 403 and "another's" in said["detail"], "what is another's is not written", said)
    shop.rule("own", "rest/mine/", "nobody")


def warned(check, node):
    """A node that takes its token from anywhere says what that is worth."""
    quiet = "open-token" not in node.log()
    node.stop()
    node.settings.append(f"doors.http=0.0.0.0:{node.http_port}")
    node.start()
    check(quiet and wait_for(lambda: "open-token" in node.log(), 10),
          "a door beyond this machine that takes a token is warned of, and no other")
