package no.portvakt.maskinporten;

import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Says what is behind a refusal of Maskinporten and what to do, from the refusal and from what was
 * sent. Codes and texts are those of docs/protocol/maskinporten-token.md.
 */
final class Advice {
  private static final String UNKNOWN_KEY = "Unknown key identifier (kid)";

  /** Two clocks of which one shows whole seconds may seem this far apart. */
  private static final long NOISE_SECONDS = 2;

  private final String clientId;
  private final GrantKey key;
  private final Duration grantLife;
  private final URI endpoint;

  Advice(Grants grants, URI endpoint) {
    this.clientId = grants.clientId();
    this.key = grants.key();
    this.grantLife = grants.life();
    this.endpoint = endpoint;
  }

  /** Whether Maskinporten does not know the key, perhaps not yet. */
  static boolean isUnknownKey(TokenRefused refused) {
    return Objects.requireNonNullElse(refused.description(), "").contains(UNKNOWN_KEY);
  }

  /** The refusal as an exception that says all this. */
  TokenRefused refused(Refusal refusal, TokenRequest request, String issuer, Instant now) {
    StringBuilder sentence = new StringBuilder();
    sentence.append(endpoint).append(" refused a token for \"").append(request.scope());
    sentence.append("\": ").append(refusal.status()).append(' ').append(refusal.error());
    if (refusal.code() != null) {
      sentence.append(' ').append(refusal.code());
    }
    if (refusal.description() != null) {
      sentence.append(": ").append(refusal.description());
    }
    if (refusal.traceId() != null) {
      sentence.append(" (trace id ").append(refusal.traceId()).append(')');
    }
    if (sentence.charAt(sentence.length() - 1) != '.') {
      sentence.append('.');
    }
    return new TokenRefused(refusal, sentence.toString(), advice(refusal, request, issuer, now));
  }

  private String advice(Refusal refusal, TokenRequest request, String issuer, Instant now) {
    String text = Objects.requireNonNullElse(refusal.description(), "");
    return switch (Objects.requireNonNullElse(refusal.code(), "")) {
      case "MP-011" ->
          "The description names what is wrong where the server tells; else look at the request's"
              + " pid, resource, organisation numbers and name in onBehalfOf, one by one.";
      case "MP-012" ->
          "Each grant of this client is new, so something between sent it twice: look at"
              + " proxies and gateways that repeat requests.";
      case "MP-100" ->
          "Is "
              + clientId
              + " a client of "
              + issuer
              + " and active? Test and production have clients of their own.";
      case "MP-110" ->
          "The grant was for aud \""
              + issuer
              + "\", which "
              + endpoint
              + " does not take for itself: the environment is another, or the slash at the end is"
              + " wrong. Configure the well-known URL alone, and the issuer comes from there.";
      case "MP-120" -> certificate(now);
      case "MP-121" ->
          "The registered key is too old (Maskinporten's limit is a year): make a new key,"
              + " register it on the client and configure it here.";
      case "MP-122" ->
          "The certificate is of another organisation than the client: "
              + subject()
              + ". Use the certificate of the organisation that owns the client.";
      case "MP-123" -> "Maskinporten can't read the certificate in the grant's header.";
      case "MP-124" ->
          "The private key is not the other half of "
              + (key.keyId() == null
                  ? "the certificate."
                  : "the key registered as "
                      + key.keyId()
                      + ", or that one is registered for another algorithm than "
                      + key.algorithm()
                      + ".");
      case "MP-130" -> clock(refusal.clockOffset());
      case "MP-200" ->
          "Add the scope to the client "
              + clientId
              + "; one that can't be added was not granted to the organisation."
              + (request.claims().containsKey("iss_onbehalfof")
                  ? " A scope that can be delegated needs consumerOrg instead of onBehalfOf."
                  : "");
      case "MP-201" ->
          "The scope is not for clients of Maskinporten; look at its integration types.";
      case "MP-250" ->
          "The owner of the scope has to give access to "
              + (request.consumerOrg() == null
                  ? "the client's own organisation. Acting for another? Then say so with consumerOrg."
                  : request.consumerOrg() + ", the organisation that the client acts for.");
      case "MP-251" ->
          "The consumer has to delegate the scope in Altinn to the client's organisation, in"
              + " the environment that belongs to "
              + issuer
              + ": delegations in test (TT02) and production are not the same.";
      case "MP-301", "MP-302" -> "Look at the type and the members of the authorization details.";
      case "MP-303" ->
          request.isForConsent()
              ? "Is there a consent of this id, by this giver, to the organisation that the token is"
                  + " for, and has it not ended?"
              : "Does the organisation have a system user of a system that lists the client "
                  + clientId
                  + "? Has it an external reference, which then must be sent? It is the customer's"
                  + " organisation number that counts.";
      default -> byText(refusal, text, request);
    };
  }

  private String byText(Refusal refusal, String text, TokenRequest request) {
    if (text.contains(UNKNOWN_KEY)) {
      return "The key "
          + key.keyId()
          + " is not registered on the client "
          + clientId
          + ": it was registered on another, removed, or a few minutes ago and is not known"
          + " everywhere (retryUnknownKey waits for that).";
    }
    if (text.contains("requires pre-registered jwk")) {
      return "The client has registered keys, so its grants must name one by kid; a certificate"
          + " will not do.";
    }
    if (text.contains("too long lifetime")) {
      return "This server allows shorter grants than "
          + grantLife.toSeconds()
          + " s, and the clocks play no part in that: set "
          + ClientSettings.named("grant-life")
          + " to fewer.";
    }
    if (text.contains("Issue time")) {
      return clock(refusal.clockOffset());
    }
    if (text.contains("consumer_org")) {
      return request.consumerOrg() == null
          ? "Look at the delegation scopes of the client."
          : "The consumer "
              + request.consumerOrg()
              + " is the client's own organisation, or the scope is not for delegation: leave"
              + " consumerOrg out to act for oneself.";
    }
    return switch (refusal.error()) {
      case "invalid_target" ->
          "The resource is not one that Maskinporten takes, or not one that the scope allows.";
      case "invalid_scope" -> "Look at the scopes of the client " + clientId + ".";
      case "forbidden" -> "The access or the delegation is missing.";
      case "invalid_request", "unsupported_grant_type" ->
          "The server does not take the request as it is; is " + endpoint + " its token endpoint?";
      default -> "Maskinporten's support can look the trace id up.";
    };
  }

  private String clock(@Nullable Duration offset) {
    if (offset == null) {
      return "The clocks differ; compare this machine's with a time server.";
    }
    long seconds = offset.toSeconds();
    return Math.abs(seconds) <= NOISE_SECONDS
        ? "By the answer's Date the clocks agree now; was the grant held up on its way, or has this"
            + " machine been asleep?"
        : "This machine's clock is "
            + Math.abs(seconds)
            + " s "
            + (seconds > 0 ? "ahead of" : "behind")
            + " the server's; Maskinporten allows 10 s. Let it follow a time server.";
  }

  private String certificate(Instant now) {
    X509Certificate certificate = key.certificate();
    if (certificate == null) {
      return "Look at the registered key.";
    }
    if (now.isAfter(certificate.getNotAfter().toInstant())) {
      return "The certificate expired on " + certificate.getNotAfter().toInstant() + ".";
    }
    return "The certificate is not trusted there: a test certificate in production or the other way"
        + " round, revoked, or no enterprise certificate ("
        + subject()
        + ").";
  }

  private String subject() {
    X509Certificate certificate = key.certificate();
    return certificate == null
        ? "no certificate was sent"
        : "its subject is " + Answer.shown(certificate.getSubjectX500Principal().toString());
  }
}
