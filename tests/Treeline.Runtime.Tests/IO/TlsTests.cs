using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Treeline.IO;

namespace Treeline.Tests.IO;

/// <summary>TLS is that of .NET, over the stream of a connection.</summary>
public sealed class TlsTests : TreeTest
{
    private const string Host = "treeline.test";

    private static readonly X509Certificate2 s_certificate = NewCertificate();

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task Bytes_go_both_ways_at_once(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        (SslStream client, SslStream server) = await ShakeHandsAsync(ends);
        byte[] there = Payload.Of(1_000_000);
        byte[] back = Payload.Of(800_000, seed: 2);

        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async ct => await client.WriteAsync(there, ct));
            scope.Spawn(async ct => await server.WriteAsync(back, ct));
            scope.Spawn(async ct => await ReadsAsync(server, there, ct));
            await ReadsAsync(client, back, CancellationToken.None);
        });

        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task One_end_says_that_it_has_sent_all_and_reads_on(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        (SslStream client, SslStream server) = await ShakeHandsAsync(ends);
        await client.WriteAsync("question"u8.ToArray());
        await client.ShutdownAsync();

        var question = new MemoryStream();
        await server.CopyToAsync(question);
        Assert.Equal("question"u8, question.ToArray());
        await server.WriteAsync("answer"u8.ToArray());
        await server.DisposeAsync();

        var answer = new MemoryStream();
        await client.CopyToAsync(answer);
        Assert.Equal("answer"u8, answer.ToArray());
        await client.DisposeAsync();
    });

    [Fact]
    public Task Lines_and_frames_go_over_it() => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        (SslStream client, SslStream server) = await ShakeHandsAsync(ends);
        using var lines = new LineReader(server.AsByteReader());
        using var frames = new FrameReader(client.AsByteReader());
        using var writer = new LineWriter(client.AsByteWriter());
        using var answers = new FrameWriter(server.AsByteWriter());
        for (int i = 0; i < 100; i++)
        {
            ValueTask<string?> read = lines.ReadLineAsync();
            await writer.WriteAsync($"line {i}");
            Assert.Equal($"line {i}", await read);
            await answers.WriteAsync([(byte)i]);
            Assert.True(await frames.ReadAsync());
            Assert.Equal([(byte)i], frames.Frame.ToArray());
        }
    });

    [Fact]
    public Task A_read_that_is_cancelled_before_anything_came_took_nothing() => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        (SslStream client, SslStream server) = await ShakeHandsAsync(ends);
        using var cancel = new CancellationTokenSource();
        ValueTask<int> read = server.ReadAsync(new byte[5], cancel.Token);
        Assert.False(read.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);

        await client.WriteAsync("hello"u8.ToArray());

        await ReadsAsync(server, "hello"u8.ToArray(), CancellationToken.None);
    });

    [Fact]
    public Task A_handshake_with_somebody_who_goes_away_fails() => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        await using var client = new SslStream(ends.Here.AsStream());
        Task handshake = client.AuthenticateAsClientAsync(Host);

        ends.There.Dispose();

        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        Assert.True(error is IOException or AuthenticationException, error.ToString());
    });

    private static async Task ReadsAsync(SslStream stream, byte[] expected, CancellationToken cancellationToken)
    {
        byte[] received = new byte[expected.Length];
        await stream.ReadExactlyAsync(received, cancellationToken);
        Assert.True(expected.AsSpan().SequenceEqual(received));
    }

    private static async Task<(SslStream Client, SslStream Server)> ShakeHandsAsync(Ends ends)
    {
        var client = new SslStream(ends.Here.AsStream());
        var server = new SslStream(ends.There.AsStream());
        await Task.WhenAll(
            client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = Host,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { s_certificate },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            }),
            server.AuthenticateAsServerAsync(s_certificate));
        Assert.True(client.IsAuthenticated && server.IsEncrypted);
        return (client, server);
    }

    private static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
