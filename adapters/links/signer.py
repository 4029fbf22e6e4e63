"""The port `LinkSigner` with itsdangerous, which signs Flask's sessions too."""

from datetime import UTC, datetime

from itsdangerous import BadData, URLSafeSerializer

from ports.link_signer import BadLink, CustomerLink

_LONGEST = 400


class SignedLinks:
    """Signs links with a key made from the installation's secret and the link's purpose."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key

    def sign(self, link: CustomerLink) -> str:
        """The token; see the port."""
        expires = int(link.expires_at.timestamp())
        return self._serializer(link.purpose).dumps([link.firm_id, link.invoice_id, link.serial, expires])

    def read(self, token: str, purpose: str) -> CustomerLink:
        """What the token opens; see the port."""
        if len(token) > _LONGEST:
            raise BadLink
        try:
            return _link(self._serializer(purpose).loads(token), purpose)
        except BadData:
            raise BadLink from None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._secret_key, salt=f"dunlin customer link: {purpose}")


def _link(signed: object, purpose: str) -> CustomerLink:
    """What was signed. Whoever has the key signed it, so its shape is ours; an older version's may differ."""
    match signed:
        case [str(firm_id), str(invoice_id), int(serial), int(expires)]:
            return CustomerLink(firm_id, invoice_id, purpose, serial, datetime.fromtimestamp(expires, UTC))
        case _:
            raise BadLink
