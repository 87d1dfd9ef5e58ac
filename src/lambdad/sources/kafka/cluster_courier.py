"""Brings records of failure to topics of the mapping's own cluster; everything else to another courier."""

from __future__ import annotations

from typing import Final

from lambdad.domain.event import Delivery
from lambdad.ports.courier import Courier, NotDelivered
from lambdad.ports.kafka import KafkaClusters, KafkaTrouble
from lambdad.sources.kafka import troubles
from lambdad.sources.kafka.access import Inaccessible, Reach

_TOPIC: Final = "kafka://"


class ClusterCourier:
    """Implements `ports.courier.Courier` for one mapping."""

    def __init__(self, others: Courier, clusters: KafkaClusters, reach: Reach) -> None:
        self._others = others
        self._clusters = clusters
        self._reach = reach

    async def bring(self, delivery: Delivery) -> None:
        """See `ports.courier.Courier`.

        Raises:
            NotDelivered: the cluster did not take it; or as the other courier says.
        """
        if not delivery.target.startswith(_TOPIC):
            await self._others.bring(delivery)
            return
        topic = delivery.target.removeprefix(_TOPIC)
        try:
            access = await self._reach()
            await self._clusters.send(access, topic, delivery.request_id.encode(), delivery.body)
        except Inaccessible as error:
            raise NotDelivered(str(error)) from error
        except KafkaTrouble as error:
            raise NotDelivered(troubles.told(error)) from error
