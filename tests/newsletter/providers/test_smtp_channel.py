"""How long a connection is waited for."""

import asyncio
from typing import cast

from newsletter.providers.smtp_channel import Channel, Talk

PATIENCE = 0.05


class Silent:
    """A transport that nothing comes from."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass


def test_a_reply_that_comes_byte_by_byte_is_overdue_in_its_time() -> None:
    ends: list[BaseException] = []

    def talk() -> Talk:
        try:
            yield 1
        except TimeoutError as error:
            ends.append(error)

    async def hear() -> None:
        loop = asyncio.get_running_loop()
        channel = Channel(PATIENCE)
        channel.adopt(cast("asyncio.Transport", Silent()))

        def drip() -> None:
            channel.data_received(b"2")
            if not ends:
                loop.call_later(PATIENCE / 5, drip)

        drip()
        async with asyncio.timeout(10):
            await channel.carry(talk())

    asyncio.run(hear())
    assert len(ends) == 1
