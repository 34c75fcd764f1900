using System.Diagnostics;
using System.Globalization;
using System.Net;
using Treeline.Net;

namespace Treeline.Tests.Samples;

/// <summary>The sample, as a process of its own.</summary>
public sealed class EchoServerTests : TreeTest, IDisposable
{
    private readonly Process _server;
    private readonly IPEndPoint _address;

    public EchoServerTests()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "EchoServer.dll"), "127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
        };
        _server = Process.Start(start)!;
        _address = IPEndPoint.Parse(_server.StandardOutput.ReadLine()!["listening on ".Length..]);
    }

    public void Dispose()
    {
        _server.Kill();
        _server.WaitForExit();
        _server.Dispose();
    }

    [Fact]
    public Task It_serves_ten_thousand_connections_at_a_time() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        int count = Math.Min(10_000, DescriptorLimit() - 500);
        var connections = new TcpStream[count];
        try
        {
            await Concurrently.ForEachAsync(
                Enumerable.Range(0, count),
                64,
                async (i, ct) =>
                {
                    connections[i] = await TcpStream.ConnectAsync(_address, ct);
                    await AssertEchoesAsync(connections[i], i, ct);
                },
                scope.Token);

            // All of them are open now, and all are served still.
            await Concurrently.ForEachAsync(
                Enumerable.Range(0, count), 64, async (i, ct) => await AssertEchoesAsync(connections[i], i + 1, ct), scope.Token);
        }
        finally
        {
            Array.ForEach(connections, static connection => connection?.Dispose());
        }
    }));

    [Fact]
    public Task A_client_that_goes_away_ends_nobody_elses_connection() => InTime(async () =>
    {
        using TcpStream stays = await TcpStream.ConnectAsync(_address);
        await AssertEchoesAsync(stays, 1, default);
        for (int i = 0; i < 20; i++)
        {
            TcpStream goes = await TcpStream.ConnectAsync(_address);
            await AssertEchoesAsync(goes, i, default);
            goes.Abort();
            await AssertEchoesAsync(stays, i, default);
        }
    });

    [Fact]
    public Task It_answers_all_that_was_sent_before_the_end() => InTime(async () =>
    {
        using TcpStream stream = await TcpStream.ConnectAsync(_address);
        byte[] sent = new byte[1000];
        new Random(1).NextBytes(sent);
        await stream.WriteAsync(sent);
        stream.Shutdown();

        Assert.Equal(sent, await stream.ReadToEndAsync(limit: 2000));
    });

    private static async Task AssertEchoesAsync(TcpStream stream, int number, CancellationToken cancellationToken)
    {
        byte[] sent = BitConverter.GetBytes(number);
        byte[] received = new byte[sent.Length];
        await stream.WriteAsync(sent, cancellationToken);
        await stream.ReadExactlyAsync(received, cancellationToken);
        Assert.Equal(sent, received);
    }

    // .NET raises what a process may have to the most that the system allows.
    private static int DescriptorLimit()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 3000;
        }

        string line = File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string limit = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return limit == "unlimited" ? int.MaxValue : (int)Math.Min(long.Parse(limit, CultureInfo.InvariantCulture), int.MaxValue);
    }
}
