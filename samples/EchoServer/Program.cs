using Treeline;
using Treeline.IO;
using Treeline.Net;

Runtime.Run(async scope =>
{
    using var listener = TcpListener.Bind(args is [string address] ? address : "127.0.0.1:7007");
    Console.WriteLine($"listening on {listener.LocalEndPoint}");
    while (true)
    {
        var connection = await listener.AcceptAsync(scope.Token);
        scope.Spawn(async ct =>
        {
            using var stream = connection;
            try { await Bytes.CopyAsync(stream, stream, ct); }
            catch (System.Net.Sockets.SocketException) { } // the client has gone away
        });
    }
});
