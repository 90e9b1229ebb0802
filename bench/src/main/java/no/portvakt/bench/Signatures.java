package no.portvakt.bench;

import com.nimbusds.jose.JWSAlgorithm;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bare signature work of one request: verify one RS256 signature, make one signature; with the
 * server's provider, on as many threads as there are processors.
 */
final class Signatures {
  private static final byte[] INPUT =
      "x".repeat(900).getBytes(StandardCharsets.US_ASCII); // about a token's signing input

  private final KeyPair rsa;
  private final KeyPair signing;
  private final String algorithm;
  private final byte[] signature;

  /**
   * @param algorithm of the signature that is made: RS256 or ES256
   */
  Signatures(JWSAlgorithm algorithm) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    rsa = generator.generateKeyPair();
    boolean ec = algorithm.equals(JWSAlgorithm.ES256);
    this.algorithm = ec ? "SHA256withECDSA" : "SHA256withRSA";
    if (ec) {
      KeyPairGenerator curve = KeyPairGenerator.getInstance("EC");
      curve.initialize(new ECGenParameterSpec("secp256r1"));
      signing = curve.generateKeyPair();
    } else {
      signing = rsa;
    }
    Signature signer = Signature.getInstance("SHA256withRSA");
    signer.initSign(rsa.getPrivate());
    signer.update(INPUT);
    signature = signer.sign();
  }

  /** The processor time of one verification and one signature, in microseconds. */
  record Result(double cpuMicros, long count) {}

  Result run(double seconds, int threads) throws InterruptedException {
    long until = System.nanoTime() + (long) (seconds * 1e9);
    AtomicLong cpuNanos = new AtomicLong();
    AtomicLong count = new AtomicLong();
    List<Thread> all = new ArrayList<>();
    ThreadMXBean times = ManagementFactory.getThreadMXBean();
    for (int i = 0; i < threads; i++) {
      all.add(
          Thread.ofPlatform()
              .start(() -> {
                long before = times.getCurrentThreadCpuTime();
                long done = 0;
                while (System.nanoTime() < until) {
                  once();
                  done++;
                }
                cpuNanos.addAndGet(times.getCurrentThreadCpuTime() - before);
                count.addAndGet(done);
              }));
    }
    for (Thread thread : all) {
      thread.join();
    }
    return new Result(cpuNanos.get() / 1e3 / count.get(), count.get());
  }

  private void once() {
    try {
      Signature verifier = Signature.getInstance("SHA256withRSA");
      verifier.initVerify(rsa.getPublic());
      verifier.update(INPUT);
      if (!verifier.verify(signature)) {
        throw new IllegalStateException("A signature does not hold.");
      }
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(signing.getPrivate());
      signer.update(INPUT);
      if (signer.sign().length == 0) {
        throw new IllegalStateException("A signature is empty.");
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("The provider does not sign.", e);
    }
  }
}
