"""Destinations are told with the permissions of the function's role, as on AWS.

In front of the courier that knows how: what a role may not send stays owed and is asked about again, so that
a permission that is given later still brings it.
"""

from __future__ import annotations

from lambdad.domain.event import Delivery, lane_of
from lambdad.identity.authorization.sending import Sending
from lambdad.ports.courier import Courier, NotAllowed


class RoleCourier:
    """Brings what the function's role may send; implements `ports.courier.Courier`.

    Args:
        courier: brings it.
        sending: decides.
    """

    def __init__(self, courier: Courier, sending: Sending) -> None:
        self._courier = courier
        self._sending = sending

    async def bring(self, delivery: Delivery) -> None:
        """Deliver a message; one of a lambdad that noted no role is brought in any case.

        Raises:
            NotAllowed: the role has not the permission; in AWS's words.
            NotDelivered: as the courier says.
        """
        if delivery.role is not None:
            function = lane_of(delivery.scope, delivery.function_arn).function
            refusal = self._sending.refusal(delivery.role, function, delivery.target, delivery.object_folder)
            if refusal is not None:
                raise NotAllowed(refusal)
        await self._courier.bring(delivery)
