package no.portvakt.server.http;

import io.helidon.common.tls.Tls;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyManagementException;
import java.security.KeyStore;
import java.security.KeyStore.PrivateKeyEntry;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import no.portvakt.server.http.HttpServer.UnusableTls;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.2 and 1.3 with the certificate that the files held when they last held a good one.
 *
 * <p>A change makes a whole new context for the connections that come after it: no handshake sees
 * the key of one certificate and the chain of another, and no session of the old one is resumed.
 */
final class TlsContext implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TlsContext.class);
  private static final byte[] PROBE = {1, 2, 3, 4, 5, 6, 7, 8};

  private final TlsFiles files;
  private final InstantSource clock;
  private final Latest latest;
  private final ScheduledExecutorService schedule =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("tls-files").factory());
  private volatile Loaded loaded;
  private volatile @Nullable String problem;

  /**
   * A certificate in a form that serves.
   *
   * @param fingerprint of the files it came from
   */
  private record Loaded(String fingerprint, SSLContext context, Instant expires) {}

  private TlsContext(TlsFiles files, InstantSource clock, Loaded loaded) {
    this.files = files;
    this.clock = clock;
    this.loaded = loaded;
    this.latest = new Latest(loaded.context());
  }

  /**
   * Reads the files, and from then on looks at them now and then until it is closed.
   *
   * @throws UnusableTls when they hold no certificate that serves now
   */
  static TlsContext open(TlsFiles files, InstantSource clock) {
    TlsContext context = new TlsContext(files, clock, load(files, files.read(), clock.instant()));
    long nanos = files.lookEvery().toNanos();
    var _ =
        context.schedule.scheduleWithFixedDelay(context::look, nanos, nanos, TimeUnit.NANOSECONDS);
    return context;
  }

  /** The engine's form: no certificate of the caller is asked for. */
  Tls engine() {
    SSLParameters parameters = new SSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
    parameters.setUseCipherSuitesOrder(true);
    SSLContext context = new SSLContext(latest, loaded.context().getProvider(), "TLS") {};
    return Tls.builder().sslContext(context).sslParameters(parameters).build();
  }

  /** When the certificate in use ends. */
  Instant expires() {
    return loaded.expires();
  }

  /** Why the files' certificate is not in use, or that it has expired; null when all is well. */
  @Nullable String problem() {
    return problem;
  }

  /** Looks at the files; takes what is new and good, and says once what is not. */
  synchronized void look() {
    try {
      TlsFiles.Content content = files.read();
      if (!content.fingerprint().equals(loaded.fingerprint())) {
        loaded = load(files, content, clock.instant());
        latest.context = loaded.context();
        LOG.info("A new TLS certificate is in use; it expires at {}.", loaded.expires());
      } else if (!clock.instant().isBefore(loaded.expires())) {
        throw expired(files, loaded.expires());
      }
      problem = null;
    } catch (RuntimeException e) {
      String sentence =
          e instanceof UnusableTls
              ? e.getMessage()
              : "The files of the TLS certificate can't be used (" + e.getClass().getName() + ").";
      if (!String.valueOf(sentence).equals(problem)) {
        LOG.warn("The TLS certificate in use stays: {}", sentence);
      }
      problem = sentence;
    }
  }

  /** Looks no more; what was made goes on with the last certificate. */
  @Override
  public void close() {
    schedule.shutdownNow();
  }

  private static Loaded load(TlsFiles files, TlsFiles.Content content, Instant now) {
    PrivateKeyEntry entry = content.entry();
    X509Certificate own = (X509Certificate) entry.getCertificate();
    Instant expires = own.getNotAfter().toInstant();
    if (!now.isBefore(expires)) {
      throw expired(files, expires);
    }
    Instant from = own.getNotBefore().toInstant();
    if (now.isBefore(from)) {
      throw new UnusableTls(
          "The certificate in " + files.named() + " holds only from " + from + ".");
    }
    if (!List.of("RSA", "EC").contains(own.getPublicKey().getAlgorithm())) {
      throw new UnusableTls("The key of " + files.named() + " is neither RSA nor elliptic (EC).");
    }
    if (!belongTogether(entry)) {
      throw new UnusableTls(
          "The private key is not that of the first certificate in " + files.named() + ".");
    }
    try {
      return new Loaded(content.fingerprint(), context(entry), expires);
    } catch (GeneralSecurityException | IOException e) {
      throw new UnusableTls("The certificate in " + files.named() + " can't be used for TLS.");
    }
  }

  private static UnusableTls expired(TlsFiles files, Instant expires) {
    return new UnusableTls("The certificate in " + files.named() + " expired at " + expires + ".");
  }

  private static boolean belongTogether(PrivateKeyEntry entry) {
    try {
      boolean rsa = entry.getPrivateKey().getAlgorithm().equals("RSA");
      Signature signature = Signature.getInstance(rsa ? "SHA256withRSA" : "SHA256withECDSA");
      signature.initSign(entry.getPrivateKey());
      signature.update(PROBE);
      byte[] made = signature.sign();
      signature.initVerify(entry.getCertificate().getPublicKey());
      signature.update(PROBE);
      return signature.verify(made);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static SSLContext context(PrivateKeyEntry entry)
      throws GeneralSecurityException, IOException {
    char[] none = {};
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, none);
    store.setKeyEntry("tls", entry.getPrivateKey(), none, entry.getCertificateChain());
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, none);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), new TrustManager[0], null);
    return context;
  }

  /** Hands each call to the latest context; the engine keeps one context for good. */
  private static final class Latest extends SSLContextSpi {
    private volatile SSLContext context;

    Latest(SSLContext context) {
      this.context = context;
    }

    @Override
    protected void engineInit(
        KeyManager @Nullable [] keys,
        TrustManager @Nullable [] trust,
        @Nullable SecureRandom random)
        throws KeyManagementException {
      throw new KeyManagementException("It is made ready.");
    }

    @Override
    protected SSLEngine engineCreateSSLEngine() {
      return context.createSSLEngine();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int port) {
      return context.createSSLEngine(host, port);
    }

    @Override
    protected SSLSocketFactory engineGetSocketFactory() {
      return context.getSocketFactory();
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
      return context.getServerSocketFactory();
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
      return context.getServerSessionContext();
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
      return context.getClientSessionContext();
    }

    @Override
    protected SSLParameters engineGetDefaultSSLParameters() {
      return context.getDefaultSSLParameters();
    }

    @Override
    protected SSLParameters engineGetSupportedSSLParameters() {
      return context.getSupportedSSLParameters();
    }
  }
}
