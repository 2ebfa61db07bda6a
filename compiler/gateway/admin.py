"""What is asked of the admin interface of the Envoy beside us."""

from __future__ import annotations

import asyncio
import http.client
import json


class EnvoyAdmin:
    """The admin interface at an address of this machine."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def is_warming(self) -> bool | None:
        """Whether clusters are being warmed; None where it does not say."""
        return await asyncio.to_thread(self._ask)

    def _ask(self) -> bool | None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=5)
        try:
            connection.request("GET", "/config_dump?resource=dynamic_warming_clusters&mask=cluster.name")
            answer = connection.getresponse()
            found = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return bool(found.get("configs")) if answer.status == 200 else None
